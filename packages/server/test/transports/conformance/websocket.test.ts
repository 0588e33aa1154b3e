import { describeTransport, webSocketDriver } from "@tidings/testing";
import { compressing, LOGS } from "../../support/logs.ts";

for (const log of LOGS) {
  describeTransport(webSocketDriver({ v1: false, isMulti: false }), log);
  describeTransport(webSocketDriver({ v1: false, isMulti: true }), log);
  // Compression knows nothing of where messages are from.
  if (log.name !== "memory") continue;
  describeTransport(webSocketDriver({ v1: false, isMulti: false, isDeflated: true }), compressing(log));
  describeTransport(webSocketDriver({ v1: false, isMulti: true, isDeflated: true }), compressing(log));
}
