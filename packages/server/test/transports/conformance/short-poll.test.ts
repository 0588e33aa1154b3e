import { describeTransport, pollDriver } from "@tidings/testing";
import { LOGS } from "../../support/logs.ts";

for (const log of LOGS) {
  describeTransport(pollDriver({ waits: false, isMulti: false }), log);
  describeTransport(pollDriver({ waits: false, isMulti: true }), log);
}
