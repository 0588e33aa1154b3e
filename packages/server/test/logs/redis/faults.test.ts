import type { ChannelState, Log } from "@tidings/core";
import type { Offset } from "@tidings/protocol";
import { hasRedis, RedisServer } from "@tidings/testing";
import { describe, expect, test } from "vitest";
import { DeafProxy } from "../deaf-proxy.ts";
import { Node, publish, text, textsOf, WHOLE } from "./node.ts";
import { plainOptions } from "./opened.ts";

const AOF_ALWAYS = { appendonly: "yes", appendfsync: "always" };

async function state(log: Log): Promise<ChannelState> {
  return log.describe("a");
}

describe.runIf(hasRedis())(
  "two nodes on one redis-server, and what may happen to it (redis-server is installed)",
  () => {
    test("what is appended on one is heard on the other, in order and once, whoever appends", async () => {
      await using server = await RedisServer.start();
      const options = plainOptions(server.url);
      await using a = await Node.open(options);
      await using b = await Node.open(options);
      await Promise.all([a, b].map(({ log }) => log.follow("a")));
      await Promise.all(
        Array.from({ length: 200 }, (_, at) => (at % 2 === 0 ? a : b).log.append("a", [text(`${at}`)])),
      );
      await Promise.all([a, b].map((node) => node.until(({ heard }) => heard.length >= 200)));
      const held = await textsOf(a.log);
      expect(a.texts).toEqual(held);
      expect(b.texts).toEqual(held);
      expect([a.log.has("a"), b.log.has("a"), b.log.channelCount]).toEqual([true, true, 1]);
    });

    test("a batch that is too large to travel with its notification is read from the log", async () => {
      await using server = await RedisServer.start();
      const options = plainOptions(server.url);
      await using a = await Node.open({ ...options, maxInlineBytes: 10 });
      await using b = await Node.open(options);
      await b.log.follow("a");
      await a.log.append("a", [text("x".repeat(100)), text("y".repeat(100))]);
      await b.until(({ heard }) => heard.length === 2);
      expect(b.texts).toEqual(await textsOf(a.log));
    });

    test("a notification that is lost, even that of the last message of a quiet channel, is made up for by the next check", async () => {
      await using server = await RedisServer.start();
      await using proxy = await DeafProxy.start(server.port);
      const options = plainOptions(server.url);
      await using a = await Node.open(options);
      await using b = await Node.open({ ...options, url: proxy.url, checkMs: 50 });
      await b.log.follow("a");
      await a.log.append("a", [text("one")]);
      await b.until(({ heard }) => heard.length === 1);
      proxy.isDeaf = true;
      await a.log.append("a", [text("two")]);
      await a.log.append("a", [text("three")]);
      await b.until(({ heard }) => heard.length === 3);
      expect(b.events.some(({ type }) => type === "lost")).toBe(false);
      proxy.isDeaf = false;
      await a.log.append("a", [text("four")]);
      await b.until(({ heard }) => heard.length === 4);
      expect(b.texts).toEqual(["one", "two", "three", "four"]);
    });

    test("a subscription that has gone dumb is given up, and another made", async () => {
      await using server = await RedisServer.start();
      await using proxy = await DeafProxy.start(server.port);
      await using node = await Node.open({ ...plainOptions(proxy.url), checkMs: 50, timeoutMs: 800 });
      proxy.isDeaf = true;
      await node.until(({ events }) => events.some(({ type }) => type === "lost"));
      proxy.isDeaf = false;
      await node.until(({ isBack }) => isBack);
    });

    test("FLUSHALL: the next look finds another epoch, and those who follow are told of it", async () => {
      await using server = await RedisServer.start();
      const options = plainOptions(server.url);
      await using a = await Node.open(options);
      await using b = await Node.open({ ...options, checkMs: 50 });
      const { epoch } = await b.log.follow("a");
      await a.log.append("a", [text("one"), text("two")]);
      await b.until(({ heard }) => heard.length === 2);
      await server.command("FLUSHALL");
      await b.until(({ told }) => told.at(-1)?.epoch !== epoch);
      const appended = await a.log.append("a", [text("three")]);
      expect(appended).toMatchObject({ offset: 1 });
      expect(appended.epoch).not.toBe(epoch);
      expect(await state(b.log)).toMatchObject({ epoch: appended.epoch, head: 1 });
      // The list of names went too.
      const listed = await b.log.channels({ prefix: "", after: "", limit: 10 });
      expect(listed.map(({ channel }) => channel)).toEqual(["a"]);
    });

    test("a channel whose keys were deleted has another epoch by the next append of a node that knew it", async () => {
      await using server = await RedisServer.start();
      const options = plainOptions(server.url, "deleted:");
      await using a = await Node.open(options);
      const { epoch } = await a.log.append("a", [text("one"), text("two")]);
      await server.command(
        "EVAL",
        "for _, k in ipairs(redis.call('KEYS', '*c:a')) do redis.call('DEL', k) end",
        "0",
      );
      const appended = await a.log.append("a", [text("three")]);
      expect(appended.epoch).not.toBe(epoch);
      expect(await textsOf(a.log)).toEqual(["three"]);
    });

    test("a stream that was deleted under its channel is a loss that is told, and never an empty page", async () => {
      await using server = await RedisServer.start();
      await using a = await Node.open(plainOptions(server.url, "stream:"));
      const { epoch } = await a.log.append("a", [text("one"), text("two")]);
      await server.command(
        "EVAL",
        "for _, k in ipairs(redis.call('KEYS', '*m:a')) do redis.call('DEL', k) end",
        "0",
      );
      const page = await a.log.read("a", 0 as Offset, WHOLE);
      expect(page).toMatchObject({ messages: [], head: 2, earliest: 3 });
      expect(page.epoch).not.toBe(epoch);
    });

    test("a restart that lost everything is another epoch; publishers and followers go on", async () => {
      await using server = await RedisServer.start();
      await using a = await Node.open({ ...plainOptions(server.url), waitMs: 10_000 });
      const { epoch } = await a.log.follow("a");
      await a.log.append("a", [text("one")]);
      await server.kill();
      await a.until(({ events }) => events.at(-1)?.type === "lost");
      const appending = a.log.append("a", [text("two")]);
      await server.start();
      expect(await appending).toMatchObject({ offset: 1, appended: 1 });
      await a.until(({ told }) => told.at(-1)?.epoch !== epoch);
      expect(await textsOf(a.log)).toEqual(["two"]);
    });

    test("an engine that came back without its end has another epoch, also where the same offsets were given out again", async () => {
      await using server = await RedisServer.start();
      const options = { ...plainOptions(server.url), waitMs: 10_000 };
      await using a = await Node.open(options);
      await using b = await Node.open(options);
      const { epoch } = await b.log.follow("a");
      for (const data of ["1", "2", "3"]) await a.log.append("a", [text(data)]);
      await server.command("SAVE");
      for (const data of ["4", "5"]) await a.log.append("a", [text(data)]);
      await b.until(({ heard }) => heard.length === 5);
      await server.kill();
      await server.start();
      // A node that knows nothing of the channel is first, and goes beyond what was lost.
      await using c = await Node.open(options);
      for (const data of ["4'", "5'", "6'"]) await c.log.append("a", [text(data)]);
      await b.until(({ isBack }) => isBack);
      await b.until(({ told }) => told.at(-1)?.epoch !== epoch);
      const after = await state(a.log);
      expect(after.epoch).not.toBe(epoch);
      expect(after).toMatchObject({ head: 6, earliest: 1 });
      expect((await state(c.log)).epoch).toBe(after.epoch);
      expect(await textsOf(c.log)).toEqual(["1", "2", "3", "4'", "5'", "6'"]);
    });

    test("kill -9 with appendfsync always: nothing that was acknowledged is lost, no epoch changes, all is heard", async () => {
      await using server = await RedisServer.start({ settings: AOF_ALWAYS });
      const options = plainOptions(server.url);
      await using a = await Node.open(options);
      await using b = await Node.open(options);
      const { epoch } = await b.log.follow("a");
      const publishers = ["x", "y", "z"].map((name) => publish(a.log, name));
      await b.until(({ heard }) => heard.length > 50);
      await server.kill();
      await server.start();
      const before = b.heard.length;
      await b.until(({ heard }) => heard.length > before + 50);
      const acknowledged = (await Promise.all(publishers.map((each) => each.stop()))).flat();
      const held = await textsOf(a.log);
      expect(acknowledged.filter((each) => !held.includes(each))).toEqual([]);
      expect(new Set(held).size).toBe(held.length);
      await b.until(({ heard }) => heard.length >= held.length);
      expect(b.texts).toEqual(held);
      expect((await state(b.log)).epoch).toBe(epoch);
      expect(b.events.map(({ type }) => type)).toEqual(["lost", "back"]);
    });

    test("CLIENT KILL of all links under load, again and again: nothing is lost, repeated or out of order", async () => {
      await using server = await RedisServer.start();
      const options = plainOptions(server.url);
      await using a = await Node.open(options);
      await using b = await Node.open(options);
      const { epoch } = await b.log.follow("a");
      const publishers = ["x", "y", "z"].map((name) => publish(a.log, name));
      for (let round = 0; round < 5; round++) {
        const before = b.heard.length;
        await b.until(({ heard }) => heard.length > before + 30);
        await server.command("CLIENT", "KILL", "TYPE", "normal");
        await server.command("CLIENT", "KILL", "TYPE", "pubsub");
      }
      const acknowledged = (await Promise.all(publishers.map((each) => each.stop()))).flat();
      const held = await textsOf(a.log);
      expect(acknowledged.filter((each) => !held.includes(each))).toEqual([]);
      expect(new Set(held).size).toBe(held.length);
      await b.until(({ heard }) => heard.length >= held.length);
      expect(b.texts).toEqual(held);
      expect((await state(b.log)).epoch).toBe(epoch);
    });

    test("one that stands still is given up after timeoutMs: appends fail fast then, and all catches up", async () => {
      await using server = await RedisServer.start();
      const options = { ...plainOptions(server.url), timeoutMs: 800, waitMs: 20 };
      await using a = await Node.open(options);
      await using b = await Node.open(options);
      await b.log.follow("a");
      await a.log.append("a", [text("one")]);
      server.signal("SIGSTOP");
      const refused = { code: "LOG_UNAVAILABLE", retryable: true };
      await expect(a.log.append("a", [text("two")])).rejects.toMatchObject(refused);
      await expect(a.log.append("a", [text("three")])).rejects.toMatchObject(refused);
      await expect(a.log.broadcast("a", [text("three")])).rejects.toMatchObject(refused);
      expect(a.events.filter(({ type }) => type === "lost")).toHaveLength(1);
      server.signal("SIGCONT");
      await a.until(({ isBack }) => isBack);
      await a.log.append("a", [text("four")]);
      await b.until(({ texts }) => texts.includes("four"));
      expect(b.texts).toEqual(await textsOf(a.log));
    });

    test("a sweep under way when the engine goes is no fault of its own: the loss is told once", async () => {
      await using server = await RedisServer.start();
      await using node = await Node.open(plainOptions(server.url));
      server.signal("SIGSTOP");
      const sweeping = node.log.sweep();
      await server.kill();
      await sweeping;
      expect(node.events.map(({ type }) => type)).toEqual(["settings", "lost"]);
    });

    test("a node that was away for longer than the retention is told that it is cut off, so that its readers are told a gap", async () => {
      await using server = await RedisServer.start();
      const { retentionOf, ...options } = plainOptions(server.url);
      const retention = { ...retentionOf("a"), maxMessages: 5 };
      const bounded = { ...options, retentionOf: () => retention };
      await using a = await Node.open(bounded);
      await using b = await Node.open({ ...bounded, checkMs: 50 });
      await b.log.follow("a");
      await a.log.append("a", [text("first")]);
      await b.until(({ heard }) => heard.length === 1);
      // Not inline, so b has to read what is gone by then: the batch keeps its own end alone.
      await using c = await Node.open({ ...bounded, maxInlineBytes: 1 });
      await c.log.append(
        "a",
        Array.from({ length: 20 }, (_, at) => text(`${at}`)),
      );
      await b.until(({ told }) => told.some(({ isCut }) => isCut === true));
      expect(b.texts).toEqual(["first"]);
    });
  },
);
