import { describeLog, hasNats, NatsServer } from "@tidings/testing";
import { afterAll, beforeAll, describe } from "vitest";
import { openJetStreamLog } from "./opened.ts";

describe.runIf(hasNats())("on a nats-server (nats-server is installed)", () => {
  let server: NatsServer;
  beforeAll(async () => {
    server = await NatsServer.start();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  // The engine outlives the log, so to the list it is durable. Fewer histories: each makes a stream.
  describeLog(
    "jetstream",
    (options) => openJetStreamLog(server.url, options),
    { durable: true, contiguous: true },
    { modelRuns: 25 },
  );
});
