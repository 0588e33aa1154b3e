import { describeLog, hasRedis, RedisServer } from "@tidings/testing";
import { afterAll, beforeAll, describe } from "vitest";
import { openRedisLog } from "./opened.ts";

describe.runIf(hasRedis())("on a redis-server (redis-server is installed)", () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  // The engine outlives the log, so to the list it is durable. Fewer histories: each opens two connections.
  describeLog(
    "redis",
    (options) => openRedisLog(server.url, options),
    { durable: true, contiguous: true },
    { modelRuns: 25 },
  );
});
