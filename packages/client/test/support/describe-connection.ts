import type { StreamFrame } from "@tidings/protocol";
import { describe, expect, test } from "vitest";
import type { Transport } from "../../src/core/transport.ts";
import type { Options } from "../../src/types.ts";
import { testContext } from "./context.ts";
import { open } from "./recorded.ts";
import { openServer } from "./server.ts";

export interface ConnectionTraits {
  /** Further options of the client. */
  readonly options?: Options;
  /** How payloads of bytes travel. */
  readonly bytes: "base64" | "binary";
  /** Whether the server holds it while nothing comes. */
  readonly isHeld: boolean;
  /** Most channels of long names. Default as many as a connection may have. */
  readonly maxLongNames?: number;
}

const TUNING = { waitMs: 5_000, pollMs: 20 };

/** What every transport's connection must keep, each against a real server. */
export function describeConnection(
  transport: Transport,
  { options, bytes, isHeld, maxLongNames = 600 }: ConnectionTraits,
): void {
  const contextOf = (url: string, more: Options = {}): ReturnType<typeof testContext> =>
    testContext(url, { ...options, ...more }, TUNING);

  describe(`${transport.name}: a connection`, () => {
    test("greets, then tells where a channel begins, then its messages, then that it has caught up", async () => {
      await using server = await openServer();
      const { cursor } = await server.tidings.publish("a", 1);
      await server.tidings.publish("a", 2);
      await using connection = open(transport, contextOf(server.url), { a: { since: "earliest" }, b: {} });
      await connection.until(
        () => connection.told("a").includes("caught-up") && connection.told("b").length > 1,
      );
      expect(connection.frames[0]?.type).toBe("welcome");
      expect(connection.told("a").filter((told) => told !== "ok")).toEqual([1, 2, "caught-up"]);
      expect(connection.told("a")[0]).toBe("ok");
      expect(connection.told("b").filter((told) => told !== "ok")).toEqual(["caught-up"]);
      expect(await connection.next("ok", "a")).toMatchObject({ cursor: cursor?.replace(/\.1$/, ".0") });
      await server.tidings.publish("b", "live");
      expect(await connection.next("message", "b")).toMatchObject({
        data: "live",
        contentType: "text/plain",
      });
      expect(connection.isEnded).toBe(false);
    });

    test("brings payloads of each kind as they travelled", async () => {
      await using server = await openServer();
      const { tidings } = server;
      await tidings.publish("a", { "x\n": [1.5, null, "é€😀\u2028"] }, { event: "json", key: "k" });
      await tidings.publish("a", "line\r\nline", { event: "text" });
      await tidings.publish("a", Uint8Array.of(0, 1, 254, 255), { event: "bytes" });
      await tidings.publish("a", { long: "x".repeat(150_000) }, { event: "stored" });
      await using connection = open(transport, contextOf(server.url), { a: { since: "earliest" } });
      expect(await connection.next("message")).toMatchObject({
        event: "json",
        key: "k",
        time: expect.stringMatching(/Z$/) as string,
        data: { "x\n": [1.5, null, "é€😀\u2028"] },
      });
      expect(await connection.next("message")).toMatchObject({
        event: "text",
        contentType: "text/plain",
        data: "line\r\nline",
      });
      expect(await connection.next("message")).toMatchObject({
        event: "bytes",
        encoding: bytes,
        data: bytes === "binary" ? Uint8Array.of(0, 1, 254, 255) : "AAH+/w==",
      });
      const stored = await connection.next("message");
      expect(stored).toMatchObject({ event: "stored", artifact: { type: "application/json" } });
      expect(stored).not.toHaveProperty("data");
    });

    test("reads payloads as the application asks for, digit for digit, and leaves all else alone", async () => {
      await using server = await openServer();
      const publish = async (body: string, type: string): Promise<unknown> =>
        fetch(`${server.url}/channels/a`, { method: "POST", headers: { "content-type": type }, body });
      await publish('{"data":12345678901234567890,"nested":{"data":[1]}}', "application/json");
      await publish('"2026-01-05T09:00:00.000Z"', "application/json");
      await publish("2026-01-05T09:00:00.000Z", "text/plain");
      await publish("12345678901234567890", "application/json");
      /** Numbers as they were written, and times as dates. */
      const parse = (text: string): unknown =>
        JSON.parse(text, (_, value: unknown, context?: { readonly source?: string }) => {
          if (typeof value === "number") return `#${context?.source}`;
          return typeof value === "string" && /^\d{4}-.*Z$/.test(value) ? new Date(value) : value;
        });
      await using connection = open(transport, contextOf(server.url, { parse }), {
        a: { since: "earliest" },
      });
      await connection.next("caught-up");
      const messages = connection.frames.filter((frame) => frame.type === "message");
      expect(messages.map(({ data }) => data)).toEqual([
        { data: "#12345678901234567890", nested: { data: ["#1"] } },
        new Date("2026-01-05T09:00:00.000Z"),
        "2026-01-05T09:00:00.000Z",
        "#12345678901234567890",
      ]);
      expect(messages.map(({ time }) => typeof time)).toEqual(["string", "string", "string", "string"]);
    });

    test("a payload that the application's parser does not take is reported, and the others come", async () => {
      await using server = await openServer();
      for (const data of [1, 2, 3]) await server.tidings.publish("a", { n: data });
      const parse = (text: string): unknown =>
        JSON.parse(text, (key, value: unknown) => {
          if (key === "n" && value === 2) throw new Error("no twos");
          return value;
        });
      const context = contextOf(server.url, { parse });
      await using connection = open(transport, context, { a: { since: "earliest" } });
      await connection.next("caught-up");
      const messages = connection.frames.filter((frame) => frame.type === "message");
      expect(messages.map(({ data }) => data)).toEqual([{ n: 1 }, { n: 3 }]);
      expect(context.reports).toMatchObject([{ code: "PAYLOAD_INVALID" }]);
    });

    test("a channel begins where it is told: after a cursor, with the newest, with some events alone", async () => {
      await using server = await openServer();
      const { tidings } = server;
      const { cursor } = await tidings.publish("a", 1);
      for (const channel of ["a", "b", "c"]) {
        await tidings.publish(channel, 2, { event: "even" });
        await tidings.publish(channel, 3);
        await tidings.publish(channel, 4, { event: "even" });
      }
      await using connection = open(transport, contextOf(server.url), {
        a: { since: cursor ?? "" },
        b: { last: 2 },
        c: { since: "earliest", events: ["even"] },
      });
      await connection.until(() =>
        ["a", "b", "c"].every((each) => connection.told(each).includes("caught-up")),
      );
      const numbers = (channel: string): unknown[] =>
        connection.told(channel).filter((told) => typeof told === "number");
      expect(["a", "b", "c"].map(numbers)).toEqual([
        [2, 3, 4],
        [3, 4],
        [2, 4],
      ]);
    });

    test("a keyed channel that is not told where begins with its state, any other with what comes", async () => {
      await using server = await openServer({ policies: [{ pattern: "keyed", compact: true }] });
      await server.tidings.publish("keyed", 1, { key: "k" });
      await server.tidings.publish("plain", 1);
      await using connection = open(transport, contextOf(server.url), { keyed: {}, plain: {} });
      await connection.until(() =>
        ["keyed", "plain"].every((each) => connection.told(each).includes("caught-up")),
      );
      await server.tidings.publish("plain", 2);
      expect(await connection.next("message", "plain")).toMatchObject({ data: 2 });
      expect(await connection.next("message", "keyed")).toMatchObject({ data: 1, key: "k" });
    });

    test("a gap is told ahead of what comes after it", async () => {
      await using server = await openServer();
      await server.tidings.publish("a", 1);
      await using connection = open(transport, contextOf(server.url), { a: { since: "zzz.7" } });
      await connection.next("caught-up");
      expect(connection.told("a").slice(0, 3)).toEqual(["ok", "gap", 1]);
      expect(connection.frames[1]).toMatchObject({ type: "ok", channel: "a", cursor: "zzz.7" });
      expect(await connection.next("gap")).toMatchObject({ reason: "epoch", from: "zzz.7", missed: null });
    });

    test("channels come and go without a new connection", async () => {
      await using server = await openServer();
      const { tidings } = server;
      await using connection = open(transport, contextOf(server.url), { a: {} });
      await connection.next("caught-up", "a");
      connection.change("b", { since: "earliest" });
      connection.change("c", {});
      connection.change("a", undefined);
      await connection.next("caught-up", "b");
      await connection.next("caught-up", "c");
      for (const channel of ["a", "b", "c"]) await tidings.publish(channel, 1);
      await connection.next("message", "b");
      await connection.next("message", "c");
      connection.change("a", {});
      await connection.next("caught-up", "a");
      await tidings.publish("a", 2);
      expect(await connection.next("message", "a")).toMatchObject({ data: 2 });
      expect(connection.frames.filter((frame) => frame.type === "welcome")).toHaveLength(1);
    });

    test("a channel that is read anew loses nothing: all that comes after its ok is of the new reading", async () => {
      await using server = await openServer();
      const { tidings } = server;
      const { cursor = "" } = await tidings.publish("a", 0);
      await using connection = open(transport, contextOf(server.url), {
        a: { since: cursor, events: ["even"] },
      });
      await connection.next("caught-up", "a");
      let next = 1;
      const publish = async (): Promise<unknown> =>
        tidings.publish("a", next++, next % 2 === 1 ? { event: "even" } : {});
      await Promise.all([publish(), publish(), publish()]);
      connection.change("a", { since: cursor });
      await Promise.all([publish(), publish(), publish()]);
      const begun = (): number =>
        connection.frames.findIndex((frame) => frame.type === "ok" && frame.cursor === cursor);
      await connection.until(
        () => connection.frames.filter((frame) => frame.type === "ok" && frame.cursor === cursor).length > 1,
      );
      await Promise.all([publish(), publish()]);
      const told = (): unknown[] => {
        const from = connection.frames.findLastIndex(
          (frame) => frame.type === "ok" && frame.cursor === cursor,
        );
        return connection.frames
          .slice(from)
          .flatMap((frame) => (frame.type === "message" ? [frame.data] : []));
      };
      expect(begun()).toBeGreaterThan(0);
      await connection.until(() => told().length >= 8);
      expect(told()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    });

    test("each reading that was asked for is answered once, in order", async () => {
      await using server = await openServer();
      const { cursor = "" } = await server.tidings.publish("a", 1);
      await server.tidings.publish("a", 2);
      await using connection = open(transport, contextOf(server.url), { a: { since: "latest" }, gone: {} });
      for (const wanted of [{ since: "earliest" }, undefined, { since: "nonsense" }, { since: cursor }]) {
        connection.change("a", wanted);
        await Promise.resolve();
      }
      connection.change("gone", undefined);
      const answers = (): readonly StreamFrame[] =>
        connection.frames.filter(
          (frame) => (frame.type === "ok" || frame.type === "error") && frame.channel === "a",
        );
      const last = (): number =>
        answers().findIndex((frame) => frame.type === "ok" && frame.cursor === cursor);
      await connection.until(() => last() >= 0);
      expect(last()).toBe(3);
    });

    test("many channels at once are many channels", async () => {
      await using server = await openServer();
      const names = Array.from({ length: maxLongNames }, (_, index) => `${"long/".repeat(40)}${index}`);
      await using connection = open(
        transport,
        contextOf(server.url),
        Object.fromEntries(names.slice(0, 20).map((name) => [name, {}])),
      );
      for (const name of names.slice(20)) connection.change(name, {});
      const caughtUp = (): number => connection.frames.filter(({ type }) => type === "caught-up").length;
      await connection.until(() => caughtUp() === names.length);
      await server.tidings.publish(names.at(-1) ?? "", 1);
      expect(await connection.next("message")).toMatchObject({ channel: names.at(-1), data: 1 });
    });

    test("a channel that is refused is told by an error, and the others are read", async () => {
      await using server = await openServer({ policies: [{ pattern: "secret", presence: false }] });
      await using connection = open(transport, contextOf(server.url), {
        "a//b": {},
        a: {},
        b: { since: "nonsense" },
      });
      await connection.next("caught-up", "a");
      expect(await connection.next("error", "a//b")).toMatchObject({
        code: "CHANNEL_NAME_INVALID",
        retryable: false,
      });
      expect(await connection.next("error", "b")).toMatchObject({ code: "CURSOR_INVALID" });
      connection.change("c", {});
      connection.change("..", {});
      connection.change("b", {});
      connection.change("a", { last: 0 });
      connection.change("secret", { presence: true });
      expect(await connection.next("error", "..")).toMatchObject({ code: "CHANNEL_NAME_INVALID" });
      expect(await connection.next("error", "secret")).toMatchObject({ code: "PRESENCE_FORBIDDEN" });
      for (const channel of ["a", "b", "c"]) await connection.next("caught-up", channel);
      for (const channel of ["a", "b", "c"]) {
        await server.tidings.publish(channel, 1);
        await connection.next("message", channel);
      }
    });

    test("who is in a channel is told to those who ask", async () => {
      await using server = await openServer({ limits: { presenceFlushMs: 1 } });
      const member = async (method: string, state?: object): Promise<unknown> =>
        fetch(`${server.url}/presence/a?member=ada`, {
          method,
          ...(state && { body: JSON.stringify(state) }),
        });
      await using listener = open(transport, contextOf(server.url), { a: { presence: true }, b: {} });
      expect(await listener.next("presence", "a")).toMatchObject({ count: 0, members: [] });
      const last = (): unknown => listener.frames.findLast((frame) => frame.type === "presence");
      await member("PUT", { x: 1 });
      await listener.until(() => JSON.stringify(last()).includes('{"x":1}'));
      await member("PUT", { x: 2 });
      await listener.until(() => JSON.stringify(last()).includes('{"x":2}'));
      await member("DELETE");
      await listener.until(() => (last() as { count: number }).count === 0);
      expect(listener.told("b")).not.toContain("presence");
      listener.change("a", {});
      await listener.until(() => listener.told("a").includes("caught-up"));
    });

    test("the presence of many channels does not hold up what else is asked", async () => {
      await using server = await openServer();
      const names = Array.from({ length: 12 }, (_, index) => `a${index}`);
      await using listener = open(
        transport,
        contextOf(server.url),
        Object.fromEntries(names.map((name) => [name, { presence: true }])),
      );
      for (const name of names) await listener.next("presence", name);
      for (const name of names) await listener.next("caught-up", name);
      if (isHeld) await server.holdsAtMost(4);
    });

    test("close() ends everything: nothing follows, and the server sees it", async () => {
      await using server = await openServer();
      const connection = open(transport, contextOf(server.url), { a: {} });
      await connection.next("caught-up");
      if (isHeld) await server.holds(1);
      connection.connection.close();
      const { length } = connection.frames;
      await server.holds(0);
      await server.tidings.publish("a", 1);
      expect(connection.frames).toHaveLength(length);
      expect(connection.isEnded).toBe(false);
      connection.connection.close();
    });

    test("close() right after the opening opens nothing that stays", async () => {
      await using server = await openServer();
      const connection = open(transport, contextOf(server.url), { a: {} });
      connection.connection.close();
      await server.holds(0);
      expect(connection.frames).toEqual([]);
    });

    test("close() within a frame is the last that is heard", async () => {
      await using server = await openServer();
      for (let data = 0; data < 10; data++) await server.tidings.publish("a", data);
      const heard: unknown[] = [];
      const { promise, resolve } = Promise.withResolvers<void>();
      const connection = transport.open(
        contextOf(server.url),
        new Map([["a", { since: "earliest" }]]),
        (frame) => {
          heard.push(frame.type);
          if (frame.type !== "message") return;
          connection.close();
          resolve();
        },
        () => heard.push("end"),
      );
      await promise;
      await server.holds(0);
      expect(heard.filter((each) => each !== "heartbeat")).toEqual(["welcome", "ok", "message"]);
    });

    test("a server that cannot be reached is an end, told once", async () => {
      const { port } = await openServer().then(async (server) => {
        await server[Symbol.asyncDispose]();
        return server;
      });
      await using connection = open(transport, contextOf(`http://127.0.0.1:${port}`), { a: {} });
      expect(await connection.ended).toMatchObject({
        // A WebSocket cannot tell what it was, and an EventSource little.
        code:
          { ws: "TRANSPORT_BLOCKED", "event-source": "CONNECTION_LOST" }[transport.name as string] ??
          "UNREACHABLE",
        retryable: true,
      });
    });
  });
}
