import type { ChannelState, Log } from "@tidings/core";
import type { Offset } from "@tidings/protocol";
import { hasNats, NatsServer } from "@tidings/testing";
import { describe, expect, test } from "vitest";
import { api } from "./api.ts";
import { DeafProxy } from "../deaf-proxy.ts";
import { Node, publish, text, textsOf, WHOLE } from "./node.ts";
import { plainOptions } from "./opened.ts";

async function state(log: Log): Promise<ChannelState> {
  return log.describe("a");
}

describe.runIf(hasNats())(
  "two nodes on one nats-server, and what may happen to it (nats-server is installed)",
  () => {
    test("what is appended on one is heard on the other, in order and once, whoever appends", async () => {
      await using server = await NatsServer.start();
      const options = plainOptions(server.url);
      await using a = await Node.open(options);
      await using b = await Node.open(options);
      await Promise.all([a, b].map(({ log }) => log.follow("a")));
      await Promise.all(
        Array.from({ length: 200 }, (_, at) => (at % 2 === 0 ? a : b).log.append("a", [text(`${at}`)])),
      );
      await Promise.all([a, b].map((node) => node.until(({ heard }) => heard.length >= 200)));
      const held = await textsOf(a.log);
      expect(new Set(held).size).toBe(200);
      expect(a.texts).toEqual(held);
      expect(b.texts).toEqual(held);
      await a.log.broadcast("a", [text("ephemeral")]);
      await b.until(({ texts }) => texts.includes("ephemeral"));
      expect([a.log.has("a"), b.log.has("a"), b.log.channelCount]).toEqual([true, true, 1]);
    });

    test("a node that follows nothing reads what another one has just appended, and its conditions hold", async () => {
      await using server = await NatsServer.start();
      const options = plainOptions(server.url);
      await using a = await Node.open(options);
      await using b = await Node.open(options);
      for (let at = 1; at <= 20; at++) {
        const { offset } = await (at % 2 === 0 ? a : b).log.append("a", [text(`${at}`)], {
          ifOffset: (at - 1) as Offset,
        });
        expect(offset).toBe(at);
        expect((await textsOf(at % 2 === 0 ? b.log : a.log)).at(-1)).toBe(`${at}`);
      }
      const first = await a.log.append("a", [text("x")], { idempotencyKey: "k" });
      expect(await b.log.append("a", [text("x")], { idempotencyKey: "k" })).toEqual({
        ...first,
        appended: 0,
      });
    });

    test("a batch that is larger than a message of NATS is one all the same, on both nodes", async () => {
      await using server = await NatsServer.start();
      const options = plainOptions(server.url);
      await using a = await Node.open(options);
      await using b = await Node.open(options);
      await b.log.follow("a");
      const batch = Array.from({ length: 40 }, (_, at) => text(`${at} `.padEnd(100_000, "x")));
      await a.log.append("a", batch);
      await b.until(({ heard }) => heard.length === 40);
      expect(b.texts).toEqual(await textsOf(a.log));
      const { messages } = await b.log.read("a", 20 as Offset, { maxMessages: 3, maxBytes: 1_000_000 });
      expect(messages.map(({ offset }) => offset)).toEqual([21, 22, 23]);
      // Keys of its own for each message: more than a header has room for.
      const keyed = Array.from({ length: 5_000 }, (_, at) =>
        text("", { idempotencyKey: `key of message ${at}` }),
      );
      await b.log.append("a", keyed);
      expect(await a.log.append("a", keyed)).toMatchObject({ appended: 0, offset: 5_040 });
    });

    test("what is told and not heard, even of the last message of a quiet channel, is made up for by the next check", async () => {
      const rights = '{ subscribe: { deny: "quiet.new.>" } }';
      await using server = await NatsServer.start({
        config: `authorization { users: [{ user: a, password: a }, { user: b, password: b, permissions: ${rights} }] }`,
      });
      const options = plainOptions(server.url, "quiet");
      await using a = await Node.open({ ...options, url: `nats://a:a@127.0.0.1:${server.port}` });
      await using b = await Node.open({
        ...options,
        url: `nats://b:b@127.0.0.1:${server.port}`,
        checkMs: 50,
      });
      await b.log.follow("a");
      await a.log.append("a", [text("one")]);
      await b.until(({ heard }) => heard.length === 1);
      await a.log.append("a", [text("two")]);
      await b.until(({ heard }) => heard.length === 2);
      expect(b.texts).toEqual(["one", "two"]);
    });

    test("a stream that was purged: the next look finds another epoch, and those who follow are told of it", async () => {
      await using server = await NatsServer.start();
      const options = plainOptions(server.url, "purged");
      await using a = await Node.open(options);
      await using b = await Node.open({ ...options, checkMs: 50 });
      const { epoch } = await b.log.follow("a");
      await a.log.append("a", [text("one"), text("two")]);
      await b.until(({ heard }) => heard.length === 2);
      await api(server, "STREAM.PURGE.purged");
      // An append on another channel is what the check notices a change by.
      await a.log.append("other", [text("one")]);
      await b.until(({ told }) => told.at(-1)?.epoch !== epoch);
      const appended = await a.log.append("a", [text("three")]);
      expect(appended).toMatchObject({ offset: 1 });
      expect(appended.epoch).not.toBe(epoch);
      expect(await state(b.log)).toMatchObject({ epoch: appended.epoch, head: 1 });
      expect(await textsOf(b.log)).toEqual(["three"]);
      // Nor is it the one before it the next time: a cursor of that one would be taken for one of now.
      await api(server, "STREAM.PURGE.purged");
      const again = await a.log.append("a", [text("four")]);
      expect([epoch, appended.epoch]).not.toContain(again.epoch);
    });

    test("an entry that somebody deleted is a loss that is told, and never a hole", async () => {
      await using server = await NatsServer.start();
      await using a = await Node.open(plainOptions(server.url, "deleted"));
      const { epoch } = await a.log.append("a", [text("one")]);
      await a.log.append("a", [text("two")]);
      await a.log.append("a", [text("three")]);
      await api(server, "STREAM.MSG.DELETE.deleted", { seq: 2 });
      const page = await a.log.read("a", 0 as Offset, WHOLE);
      expect(page).toMatchObject({ head: 3, earliest: 3 });
      expect(page.epoch).not.toBe(epoch);
      await using b = await Node.open(plainOptions(server.url, "deleted"));
      expect(await state(b.log)).toMatchObject({ epoch: page.epoch, head: 3, earliest: 3 });
    });

    test("a server that came back without its files is another epoch; publishers and followers go on", async () => {
      await using server = await NatsServer.start();
      await using a = await Node.open({ ...plainOptions(server.url, "lost"), waitMs: 10_000 });
      const { epoch } = await a.log.follow("a");
      await a.log.append("a", [text("one")]);
      await api(server, "STREAM.DELETE.lost");
      await server.kill();
      await a.until(({ events }) => events.at(-1)?.type === "lost");
      const appending = a.log.append("a", [text("two")]);
      await server.start();
      expect(await appending).toMatchObject({ offset: 1, appended: 1 });
      await a.until(({ told }) => told.at(-1)?.epoch !== epoch);
      expect(await textsOf(a.log)).toEqual(["two"]);
    });

    test("a server that came back without its end has another epoch, also where the same numbers were given out again", async () => {
      await using server = await NatsServer.start();
      const options = { ...plainOptions(server.url, "end"), waitMs: 10_000 };
      await using a = await Node.open(options);
      await using b = await Node.open(options);
      const { epoch } = await b.log.follow("a");
      for (const data of ["1", "2", "3"]) await a.log.append("a", [text(data)]);
      await server.kill();
      const saved = await server.save();
      await server.start();
      for (const data of ["4", "5"]) await a.log.append("a", [text(data)]);
      await b.until(({ heard }) => heard.length === 5);
      await server.kill();
      await saved.restore();
      await server.start();
      // A node that knows nothing of the channel is first, and goes beyond what was lost.
      await using c = await Node.open(options);
      for (const data of ["4'", "5'", "6'"]) await c.log.append("a", [text(data)]);
      await b.until(({ told }) => told.at(-1)?.epoch !== epoch);
      const after = await state(a.log);
      expect(after.epoch).not.toBe(epoch);
      expect(after).toMatchObject({ head: 6, earliest: 1 });
      expect((await state(c.log)).epoch).toBe(after.epoch);
      expect(await textsOf(c.log)).toEqual(["1", "2", "3", "4'", "5'", "6'"]);
    });

    test("a node that only read the channel, and that nobody asks for it since, finds by itself that the server lost its end", async () => {
      await using server = await NatsServer.start();
      const options = { ...plainOptions(server.url, "seen"), waitMs: 10_000 };
      await using reader = await Node.open(options);
      await using writer = await Node.open(options);
      const { epoch } = await writer.log.append("a", [text("1")]);
      await server.kill();
      const saved = await server.save();
      await server.start();
      await writer.log.append("a", [text("2")]);
      expect(await textsOf(reader.log)).toEqual(["1", "2"]);
      await writer.log.close();
      await server.kill();
      await saved.restore();
      await server.start();
      await using other = await Node.open(options);
      const followed = await other.log.follow("a");
      if (followed.epoch === epoch)
        await other.until(({ told }) => told.some((event) => event.epoch !== epoch));
    });

    test("kill -9: nothing that was acknowledged is lost, no epoch changes, all is heard", async () => {
      await using server = await NatsServer.start();
      const options = plainOptions(server.url);
      await using a = await Node.open(options);
      await using b = await Node.open(options);
      const { epoch } = await b.log.follow("a");
      const publishers = ["x", "y", "z"].map((name) => publish(name === "x" ? b.log : a.log, name));
      for (let round = 0; round < 2; round++) {
        const before = b.heard.length;
        await b.until(({ heard }) => heard.length > before + 50);
        await server.kill();
        await server.start();
      }
      const before = b.heard.length;
      await b.until(({ heard }) => heard.length > before + 50);
      const acknowledged = (await Promise.all(publishers.map((each) => each.stop()))).flat();
      const held = await textsOf(a.log);
      expect(acknowledged.filter((each) => !held.includes(each))).toEqual([]);
      expect(new Set(held).size).toBe(held.length);
      await b.until(({ heard }) => heard.length >= held.length);
      expect(b.texts).toEqual(held);
      expect((await state(b.log)).epoch).toBe(epoch);
    });

    test("all links cut under load, again and again: nothing is lost, repeated or out of order", async () => {
      await using server = await NatsServer.start();
      await using proxy = await DeafProxy.start(server.port);
      const options = { ...plainOptions(server.url), url: `nats://127.0.0.1:${proxy.port}` };
      await using a = await Node.open(options);
      await using b = await Node.open(options);
      const { epoch } = await b.log.follow("a");
      const publishers = ["x", "y", "z"].map((name) => publish(a.log, name));
      for (let round = 0; round < 5; round++) {
        const before = b.heard.length;
        await b.until(({ heard }) => heard.length > before + 30);
        proxy.cut();
      }
      const acknowledged = (await Promise.all(publishers.map((each) => each.stop()))).flat();
      const held = await textsOf(a.log);
      expect(acknowledged.filter((each) => !held.includes(each))).toEqual([]);
      expect(new Set(held).size).toBe(held.length);
      await b.until(({ heard }) => heard.length >= held.length);
      expect(b.texts).toEqual(held);
      expect((await state(b.log)).epoch).toBe(epoch);
    });

    test.each(["up", "down"] as const)(
      "a link that passes nothing %s is given up; all is made up for once it does, and nothing is lost or repeated",
      async (direction) => {
        await using server = await NatsServer.start();
        await using proxy = await DeafProxy.start(server.port);
        const options = { ...plainOptions(server.url), timeoutMs: 1_000 };
        await using a = await Node.open({ ...options, url: `nats://127.0.0.1:${proxy.port}` });
        await using b = await Node.open(options);
        for (const { log } of [a, b]) await log.follow("a");
        const publishers = [publish(a.log, "x"), publish(b.log, "y")];
        // Of the farther one too, if it gets its turn: the nearer one writes to the same channel all the time.
        await Promise.all([a, b].map((node) => node.until(({ heard }) => heard.length > 20)));
        proxy.stall(direction);
        await a.until(({ events }) => events.at(-1)?.type === "lost");
        // The other one is not concerned.
        const before = b.heard.length;
        await b.until(({ heard }) => heard.length > before + 30);
        proxy.lift();
        await a.until(({ isBack }) => isBack);
        const acknowledged = (await Promise.all(publishers.map((each) => each.stop()))).flat();
        const held = await textsOf(b.log);
        expect(acknowledged.filter((each) => !held.includes(each))).toEqual([]);
        expect(new Set(held).size).toBe(held.length);
        await Promise.all([a, b].map((node) => node.until(({ heard }) => heard.length >= held.length)));
        expect(a.texts).toEqual(held);
        expect(b.texts).toEqual(held);
      },
    );

    test("one that stands still is given up after timeoutMs: appends fail fast then, and all catches up", async () => {
      await using server = await NatsServer.start();
      const options = { ...plainOptions(server.url), timeoutMs: 800, waitMs: 20 };
      await using a = await Node.open(options);
      await using b = await Node.open(options);
      await b.log.follow("a");
      await a.log.append("a", [text("one")]);
      server.signal("SIGSTOP");
      const refused = { code: "LOG_UNAVAILABLE", retryable: true };
      const following = a.log.follow("b").catch((e: unknown) => e);
      // It may take one more before it stands.
      let answer: unknown;
      while (!(answer instanceof Error))
        answer = await a.log.append("a", [text("two")]).catch((e: unknown) => e);
      expect(answer).toMatchObject(refused);
      expect(await following).toMatchObject(refused);
      await a.until(({ events }) => events.some(({ type }) => type === "lost"));
      await expect(a.log.append("a", [text("three")])).rejects.toMatchObject(refused);
      await expect(a.log.broadcast("a", [text("three")])).rejects.toMatchObject(refused);
      expect(a.events.filter(({ type }) => type === "lost")).toHaveLength(1);
      server.signal("SIGCONT");
      await a.until(({ isBack }) => isBack);
      await a.log.append("a", [text("four")]);
      await b.until(({ texts }) => texts.includes("four"));
      expect(b.texts).toEqual(await textsOf(a.log));
    });
  },
);
