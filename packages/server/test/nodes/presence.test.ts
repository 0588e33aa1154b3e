import { hasNats, hasRedis, NatsServer, RedisServer, send } from "@tidings/testing";
import { describe, expect, test } from "vitest";
import { DeafProxy } from "../logs/deaf-proxy.ts";
import { untilHeld } from "../support/held.ts";
import { openServer } from "../support/logs.ts";
import { OPCODE } from "../support/raw-web-socket.ts";
import { connect, join, killable, listed, untilListed, Watcher } from "./support.ts";

const QUICK = { presenceFlushMs: 5, nodeTimeoutMs: 500, presenceGraceMs: 300 };
describe.each([
  { engine: "redis-server", has: hasRedis, Server: RedisServer },
  { engine: "nats-server", has: hasNats, Server: NatsServer },
])("presence on several nodes ($engine is installed)", ({ has, Server }) => {
  test.runIf(has())(
    "who joins, updates and leaves on one node is told and listed on the others, and to a node that starts later",
    async () => {
      await using server = await Server.start();
      const [log, limits] = [server.url, { presenceFlushMs: 5 }];
      await using a = await openServer({ log, limits });
      await using b = await openServer({ log, limits });
      await using watcher = await Watcher.open(b.port, "room");
      await using ada = await join(a.port, "room", "ada", { at: 1 });
      await watcher.until("ada");
      const [member] = await listed(a, "room");
      expect(await listed(b, "room")).toEqual([member]);
      ada.sendJson({ type: "update", id: "u", channel: "room", state: { at: 2 } });
      expect(await watcher.next()).toMatchObject({
        count: 1,
        updated: [{ member: "ada", state: { at: 2 } }],
      });
      await using c = await openServer({ log, limits });
      await untilListed(c, "room", ["ada"]);
      expect(await listed(c, "room")).toEqual([{ ...member, state: { at: 2 } }]);
      ada.sendJson({ type: "leave", id: "l", channel: "room" });
      expect(await watcher.next()).toMatchObject({ count: 0, left: ["ada"] });
      await untilListed(c, "room", []);
    },
  );
});

describe.runIf(hasRedis())("presence on several nodes (redis-server is installed)", () => {
  test("a member on two nodes is one, is there since the first and as was said last, and leaves with its last connection", async () => {
    await using redis = await RedisServer.start();
    const [log, limits] = [redis.url, { presenceFlushMs: 5 }];
    await using a = await openServer({ log, limits });
    await using b = await openServer({ log, limits });
    await using watcher = await Watcher.open(b.port, "room");
    await using first = await join(a.port, "room", "ada", "one");
    await watcher.until("ada");
    const [before] = await listed(b, "room");
    await using second = await join(b.port, "room", "ada");
    first.sendJson({ type: "update", id: "u", channel: "room", state: "two" });
    expect(await watcher.next()).toMatchObject({ count: 1, updated: [{ member: "ada", state: "two" }] });
    first.sendJson({ type: "leave", id: "l", channel: "room" });
    await first.jsonOf("ok");
    await using _ = await join(a.port, "room", "bob");
    // The first that is told after it has left there is bob.
    expect(await watcher.next()).toMatchObject({ count: 2, joined: [{ member: "bob" }] });
    expect(await listed(a, "room")).toMatchObject([{ ...before, state: "two" }, { member: "bob" }]);
    second.sendJson({ type: "leave", id: "l", channel: "room" });
    expect(await watcher.next()).toMatchObject({ count: 1, left: ["ada"] });
    await untilListed(a, "room", ["bob"]);
  });

  test("one whose connection broke comes back to another node and nobody is told; it leaves there at once, everywhere", async () => {
    await using redis = await RedisServer.start();
    const [log, limits] = [redis.url, { presenceFlushMs: 5, presenceGraceMs: 60_000 }];
    await using a = await openServer({ log, limits });
    await using b = await openServer({ log, limits });
    await using watcher = await Watcher.open(a.port, "room");
    const broken = await join(a.port, "room", "ada", 1);
    await watcher.until("ada");
    broken.client.socket.destroy();
    await untilHeld(a.url, 1);
    await using again = await join(b.port, "room", "ada", 1);
    again.send(OPCODE.close, Buffer.from([0x03, 0xe8]));
    expect(await watcher.next()).toMatchObject({ count: 0, left: ["ada"] });
  });

  test("what was put on one node is renewed, changed and ended on another", async () => {
    await using redis = await RedisServer.start();
    await using a = await openServer({ log: redis.url });
    await using b = await openServer({ log: redis.url });
    const put = (server: { url: string }, ttl: number, body: string): Promise<{ status: number }> =>
      send(`${server.url}/presence/room?member=ada&ttl=${ttl}`, { method: "PUT", body });
    expect((await put(a, 60, "1")).status).toBe(201);
    await untilListed(b, "room", ["ada"]);
    expect((await put(b, 3_600, "2")).status).toBe(200);
    while ((await listed(a, "room"))[0]?.state !== 2);
    const end = (): Promise<{ status: number }> =>
      send(`${a.url}/presence/room?member=ada`, { method: "DELETE" });
    expect((await end()).status).toBe(204);
    await untilListed(a, "room", []);
    await untilListed(b, "room", []);
    expect(await end()).toMatchObject({ status: 404 });
    await using _ = await join(b.port, "room", "ada");
    await untilListed(a, "room", ["ada"]);
    expect(await end()).toMatchObject({ status: 404 });
  });

  test("a channel is full with the members of all nodes together", async () => {
    await using redis = await RedisServer.start();
    const [log, limits] = [redis.url, { maxPresenceMembers: 2 }];
    await using a = await openServer({ log, limits });
    await using b = await openServer({ log, limits });
    await using _ = await join(a.port, "room", "ada");
    await using __ = await join(b.port, "room", "bob");
    await untilListed(a, "room", ["ada", "bob"]);
    await using socket = await connect(a.port);
    socket.sendJson({ type: "join", id: "j", channel: "room", member: "cyd" });
    expect(await socket.jsonOf("error")).toMatchObject({ code: "PRESENCE_FULL" });
  });

  test("members of a node that is killed leave; those of one that goes down stay for their grace", async () => {
    await using redis = await RedisServer.start();
    await using a = await openServer({ log: redis.url, limits: { ...QUICK, presenceGraceMs: 1_500 } });
    await using watcher = await Watcher.open(a.port, "room");
    const killed = killable(redis.url, QUICK);
    await using stopped = killable(redis.url, { presenceGraceMs: 60_000 });
    const [port, other] = [Number(await killed.line()), Number(await stopped.line())];
    const ada = await join(port, "room", "ada");
    const bob = await join(other, "room", "bob");
    await watcher.until("ada", "bob");
    for (const socket of [ada, bob]) socket.client.socket.on("error", () => undefined);
    await killed[Symbol.asyncDispose]();
    await watcher.until("bob");
    stopped.signal("SIGTERM");
    await stopped.exited;
    expect(await listed(a, "room")).toMatchObject([{ member: "bob" }]);
    await watcher.until();
  });

  test("nobody leaves while Redis stands still, however long; then all is as it was, and goes on", async () => {
    await using redis = await RedisServer.start();
    const options = { log: redis.url, limits: QUICK, redis: { waitMs: 50 } };
    await using a = await openServer(options);
    await using b = await openServer(options);
    await using onA = await Watcher.open(a.port, "room");
    await using onB = await Watcher.open(b.port, "room");
    await using _ = await join(a.port, "room", "ada");
    await using __ = await join(b.port, "room", "bob");
    await onA.until("ada", "bob");
    await onB.until("ada", "bob");
    redis.signal("SIGSTOP");
    // It takes two seconds to fail, where a node is gone after half of one.
    const { status } = await send(`${a.url}/readyz`);
    expect(status).toBe(503);
    // What changes meanwhile is told later.
    await using ___ = await join(a.port, "room", "cyd");
    redis.signal("SIGCONT");
    await onB.until("ada", "bob", "cyd");
    await using ____ = await join(b.port, "room", "dan");
    await onA.until("ada", "bob", "cyd", "dan");
    for (const { told } of [onA, onB]) expect(told.flatMap(({ left }) => left ?? [])).toEqual([]);
  });

  test("a node that missed what others said learns all of it", async () => {
    await using redis = await RedisServer.start();
    await using proxy = await DeafProxy.start(redis.port);
    await using a = await openServer({ log: redis.url, limits: QUICK });
    await using b = await openServer({ log: proxy.url as typeof redis.url, limits: QUICK });
    await using watcher = await Watcher.open(b.port, "room");
    await using ada = await join(a.port, "room", "ada");
    await watcher.until("ada");
    proxy.isDeaf = true;
    await using _ = await join(a.port, "room", "bob");
    ada.sendJson({ type: "leave", id: "l", channel: "room" });
    await ada.jsonOf("ok");
    await untilListed(a, "room", ["bob"]);
    proxy.isDeaf = false;
    await watcher.until("bob");
  });
});
