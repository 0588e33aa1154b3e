import type { Appended } from "@tidings/core";
import { hasRedis, RedisServer } from "@tidings/testing";
import { describe, expect, test } from "vitest";
import { Node, text, textsOf } from "./node.ts";
import { plainOptions } from "./opened.ts";

const UNCONFIRMED = {
  code: "LOG_UNAVAILABLE",
  message: expect.stringContaining("0 of the 1 replicas") as string,
};

describe.runIf(hasRedis())("appends that replicas have to confirm (redis-server is installed)", () => {
  test("while no replica is there, those of many channels are refused in time, readers wait for none of them, and the engine is not given up", async () => {
    await using server = await RedisServer.start();
    await using node = await Node.open({ ...plainOptions(server.url), replicas: 1, timeoutMs: 1_000 });
    let refused = 0;
    const appending = Array.from({ length: 8 }, async (_, at) => {
      await expect(node.log.append(`a/${at}`, [text("1")])).rejects.toMatchObject(UNCONFIRMED);
      refused++;
    });
    expect(await node.log.describe("b")).toMatchObject({ head: 0 });
    expect(refused).toBe(0);
    await Promise.all(appending);
    expect(node.events.filter(({ type }) => type === "lost")).toEqual([]);
  });

  test("a repeat of one that was refused is acknowledged once a replica has it, and is there once; a replica that stands still confirms nothing", async () => {
    await using server = await RedisServer.start({ settings: { "repl-diskless-sync-delay": "0" } });
    await using node = await Node.open({ ...plainOptions(server.url), replicas: 1, timeoutMs: 1_000 });
    const append = () => node.log.append("a", [text("1")], { idempotencyKey: "one" });
    await expect(append()).rejects.toMatchObject(UNCONFIRMED);
    await using replica = await RedisServer.start({ settings: { replicaof: `127.0.0.1 ${server.port}` } });
    await replica.said("MASTER <-> REPLICA sync: Finished with success");
    let appended: Appended | undefined;
    while (appended === undefined) appended = await append().catch(() => undefined);
    expect(appended).toMatchObject({ offset: 1, appended: 0 });
    expect(await textsOf(node.log)).toEqual(["1"]);
    // One that is connected, and has all but this.
    replica.signal("SIGSTOP");
    await expect(node.log.append("a", [text("2")])).rejects.toMatchObject(UNCONFIRMED);
  });
});
