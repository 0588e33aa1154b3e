import { describeTransport, webSocketDriver } from "@tidings/testing";
import { LOGS } from "../../support/logs.ts";

for (const log of LOGS) {
  describeTransport(webSocketDriver({ v1: false, isMulti: false }), log);
  describeTransport(webSocketDriver({ v1: false, isMulti: true }), log);
}
