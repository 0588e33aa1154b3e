export { fetchArtifact, type Fetched, sha256Of } from "./artifact.ts";
export { Random, testWithSeeds } from "./case.ts";
export { dataOf, messagesOf, numbers, offsetOf, take, until, untilCaughtUp } from "./collect.ts";
export { describeTransport } from "./describe-transport.ts";
export { ndjsonDriver, pollDriver, sseDriver, webSocketDriver } from "./drivers/index.ts";
export { publish, publishBatch, publishNumbers, type Published } from "./publish.ts";
export { type Answer, type Body, send } from "./send.ts";
export type {
  Delivered,
  LogUnderTest,
  ServerOptions,
  ServerUnderTest,
  StreamEvent,
  TransportDriver,
  TransportStream,
} from "./types.ts";
