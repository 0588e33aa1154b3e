import { publish, publishNumbers } from "@tidings/testing";
import { describe, expect, test } from "vitest";
import type { Tidings } from "../../src/tidings.ts";
import { createTidings } from "../../src/tidings.ts";
import { LOGS, openServer } from "../support/logs.ts";

type Subscription = ReturnType<Tidings["subscribe"]>;

async function take(subscription: Subscription, count: number): Promise<unknown[]> {
  const data: unknown[] = [];
  while (data.length < count) {
    const { value, done } = await subscription.next();
    if (done === true) throw new Error(`it ended after ${data.length}`);
    data.push(value.type === "message" ? value.data : value);
  }
  return data;
}

describe("publishing from the server's own code", () => {
  test("a string is text, bytes are bytes, everything else is JSON; each has a cursor", async () => {
    await using server = await openServer();
    const { tidings } = server;
    const first = await tidings.publish("a", { x: [1] }, { event: "log", key: "k" });
    expect(first.cursor).toMatch(/\.1$/);
    await tidings.publish("a", "é");
    await tidings.publish("a", Uint8Array.of(0, 255));
    await tidings.publish("a", null);
    const kept = tidings.subscribe("a", { since: "earliest" });
    expect(await kept.next()).toMatchObject({
      value: { cursor: first.cursor, event: "log", key: "k", data: { x: [1] } },
    });
    expect(await kept.next()).toMatchObject({ value: { contentType: "text/plain", data: "é" } });
    expect(await kept.next()).toMatchObject({ value: { encoding: "base64", data: Uint8Array.of(0, 255) } });
    expect(await kept.next()).toMatchObject({ value: { data: null } });
    await kept.return();
  });

  test("bytes are copied, so that the caller may use its buffer again", async () => {
    await using server = await openServer();
    const buffer = Uint8Array.of(1, 2, 3);
    const published = server.tidings.publish("a", buffer);
    buffer.fill(9);
    await published;
    const kept = server.tidings.subscribe("a", { since: "earliest" });
    expect(await take(kept, 1)).toEqual([Uint8Array.of(1, 2, 3)]);
    await kept.return();
  });

  test("what cannot be published says why", async () => {
    await using server = await openServer({ limits: { maxMessageBytes: 10, maxArtifactBytes: 0 } });
    const { tidings } = server;
    await expect(tidings.publish("a", undefined)).rejects.toMatchObject({ code: "BODY_INVALID" });
    await expect(tidings.publish("a", () => 1)).rejects.toMatchObject({ code: "BODY_INVALID" });
    await expect(tidings.publish("a b", 1)).rejects.toMatchObject({ code: "CHANNEL_NAME_INVALID" });
    await expect(tidings.publish("a", "x".repeat(11))).rejects.toMatchObject({ code: "MESSAGE_TOO_LARGE" });
    await expect(tidings.publish("a", 1, { event: "a\nb" })).rejects.toMatchObject({
      code: "EVENT_NAME_INVALID",
    });
    await expect(tidings.publish("a", 1, { ifOffset: 5 })).rejects.toMatchObject({ code: "CONFLICT" });
    expect(await tidings.publish("a", 1, { ephemeral: true })).toEqual({});
  });

  test("may write where the policy keeps clients out", async () => {
    await using server = await openServer({ policies: [{ pattern: "news/**", publish: "server" }] });
    expect(await server.tidings.publish("news/today", 1)).toHaveProperty("cursor");
  });
});

describe.each(LOGS)("subscribing from the server's own code ($name)", (log) => {
  test("begins at the call: what is published right after it is not missed", async () => {
    await using server = await openServer({ log: log.name === "lmdb" ? "lmdb" : "memory" });
    const subscription = server.tidings.subscribe("a");
    await server.tidings.publish("a", 1);
    await server.tidings.publish("a", 2);
    expect(await take(subscription, 2)).toEqual([1, 2]);
    await subscription.return();
  });

  test("yields messages and gaps in order, and takes since, last and events", async () => {
    await using server = await openServer({
      log: log.name === "lmdb" ? "lmdb" : "memory",
      policies: [{ pattern: "a", retention: { maxMessages: 3 } }],
    });
    const { tidings } = server;
    const { cursor = "" } = await tidings.publish("a", 1);
    for (const data of [2, 3, 4, 5])
      await tidings.publish("a", data, { event: data % 2 === 0 ? "even" : "odd" });
    expect(await take(tidings.subscribe("a", { since: cursor }), 4)).toEqual([
      {
        ...{ type: "gap", channel: "a", reason: "expired" },
        from: cursor,
        to: cursor.replace(/1$/, "2"),
        missed: 1,
      },
      3,
      4,
      5,
    ]);
    expect(await take(tidings.subscribe("a", { last: 2 }), 2)).toEqual([4, 5]);
    expect(await take(tidings.subscribe("a", { since: "earliest", events: ["odd"] }), 2)).toEqual([3, 5]);
    await expect(tidings.subscribe("a", { since: cursor, gap: "fail" }).next()).rejects.toMatchObject({
      code: "CURSOR_GONE",
    });
    expect(() => tidings.subscribe("a", { since: "x" })).toThrow(
      expect.objectContaining({ code: "CURSOR_INVALID" }) as Error,
    );
  });
});

describe("the end of a subscription", () => {
  /** Whether the server still follows the channel for somebody. */
  async function readers(server: Awaited<ReturnType<typeof openServer>>): Promise<unknown> {
    const answer = (await (await fetch(`${server.url}/channels`)).json()) as {
      channels: { readers: number }[];
    };
    return answer.channels[0]?.readers;
  }

  test("breaking out of the loop ends it", async () => {
    await using server = await openServer();
    const subscription = server.tidings.subscribe("a");
    await server.tidings.publish("a", 1);
    for await (const message of subscription) {
      expect(message).toMatchObject({ data: 1 });
      expect(await readers(server)).toBe(1);
      break;
    }
    expect(await readers(server)).toBe(0);
    expect(await subscription.next()).toEqual({ done: true, value: undefined });
  });

  test("an AbortSignal ends it quietly, also while it waits, and drops what was not consumed", async () => {
    await using server = await openServer();
    const abort = new AbortController();
    const subscription = server.tidings.subscribe("a", { signal: abort.signal });
    await server.tidings.publish("a", 1);
    const seen: unknown[] = [];
    for await (const message of subscription) {
      seen.push(message);
      await server.tidings.publish("a", 2);
      abort.abort();
    }
    expect(seen).toHaveLength(1);
    expect(await readers(server)).toBe(0);
    const other = new AbortController();
    const waiting = server.tidings.subscribe("a", { signal: other.signal }).next();
    other.abort();
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(await server.tidings.subscribe("a", { signal: AbortSignal.abort() }).next()).toEqual({
      done: true,
      value: undefined,
    });
  });

  test("return() ends it while a next() waits, as streams that wrap it do", async () => {
    await using server = await openServer();
    const subscription = server.tidings.subscribe("a");
    const waiting = [subscription.next(), subscription.next()];
    await subscription.return();
    expect(await Promise.all(waiting)).toEqual([
      { done: true, value: undefined },
      { done: true, value: undefined },
    ]);
  });

  test("an exception of the consumer ends it", async () => {
    await using server = await openServer();
    await server.tidings.publish("a", 1);
    const loop = async (): Promise<void> => {
      for await (const message of server.tidings.subscribe("a", { since: "earliest" }))
        throw new Error(`no ${message.channel}`);
    };
    await expect(loop()).rejects.toThrow("no a");
    expect(await readers(server)).toBe(0);
  });

  test("close() ends it", async () => {
    const tidings = await createTidings({ log: "memory" });
    const waiting = tidings.subscribe("a").next();
    await tidings.close();
    expect(await waiting).toEqual({ done: true, value: undefined });
    await expect(tidings.publish("a", 1)).rejects.toMatchObject({ code: "LOG_UNAVAILABLE" });
    await expect(tidings.subscribe("a").next()).rejects.toMatchObject({ code: "LOG_UNAVAILABLE" });
    await tidings.close();
  });
});

describe("a consumer that takes its time", () => {
  test("gets everything, from the log: what waits for it is bounded", async () => {
    await using server = await openServer();
    const subscription = server.tidings.subscribe("a");
    await server.tidings.publish("a", 0);
    expect(await take(subscription, 1)).toEqual([0]);
    for (let each = 1; each <= 30; each++)
      await server.tidings.publish("a", `${each} ${"x".repeat(100_000)}`, { inline: true });
    expect(
      (await fetch(`${server.url}/metrics`).then(async (answer) => answer.text())).match(
        /tidings_messages_delivered_total ([0-9]+)/,
      )?.[1],
    ).toSatisfy((delivered) => Number(delivered) < 20);
    const seen = (await take(subscription, 30)) as string[];
    expect(seen.map((text) => Number(text.split(" ")[0]))).toEqual(
      Array.from({ length: 30 }, (_, index) => index + 1),
    );
    await subscription.return();
  });

  test("that falls out of retention meanwhile is told how much it missed", async () => {
    await using server = await openServer({ policies: [{ pattern: "a", retention: { maxMessages: 4 } }] });
    const subscription = server.tidings.subscribe("a");
    // Over HTTP, so that there are turns in between in which messages are handed on.
    for (let each = 1; each <= 30; each++)
      await publish(server.url, "a", `${each} ${"x".repeat(100_000)}`, {
        contentType: "text/plain",
        inline: true,
      });
    let at = 0;
    let missed = 0;
    while (at < 30) {
      const { value } = await subscription.next();
      if (value?.type === "gap") {
        missed += value.missed ?? Number.NaN;
        at += value.missed ?? Number.NaN;
      } else expect(Number((value as { data: string }).data.split(" ")[0])).toBe(++at);
    }
    expect(missed).toBeGreaterThan(0);
    await subscription.return();
  });

  test("sees in the same order what HTTP readers see", async () => {
    await using server = await openServer();
    const subscription = server.tidings.subscribe("a");
    await Promise.all([
      publishNumbers(server.url, "a", 1, 50),
      server.tidings.publish("a", "own"),
      publishNumbers(server.url, "a", 51, 60),
    ]);
    const seen = await take(subscription, 61);
    const { messages } = (await (await fetch(`${server.url}/channels/a`)).json()) as {
      messages: { data: unknown }[];
    };
    expect(seen).toEqual(messages.map(({ data }) => data));
    await subscription.return();
  });
});

describe("a condition on the head", () => {
  test("is the cursor that a page, and the publish before, answered: of an empty channel too", async () => {
    await using server = await openServer();
    const { tidings } = server;
    const { cursor: empty } = await tidings.read("a", { last: 1 });
    const { cursor: first } = await tidings.publish("a", 1, { ifHead: empty });
    await expect(tidings.publish("a", 1, { ifHead: empty })).rejects.toMatchObject({ code: "CONFLICT" });
    await tidings.publish("a", 2, { ifHead: first as string });
    const { messages, cursor } = await tidings.read("a");
    expect(messages.map(({ data }) => data)).toEqual([1, 2]);
    await tidings.publish("a", 3, { ifHead: cursor });
  });

  test("of another life of the log is not met, whatever its offset", async () => {
    await using server = await openServer();
    const { cursor } = await server.tidings.publish("a", 1);
    await server.restart();
    await server.tidings.publish("a", 1);
    await expect(server.tidings.publish("a", 2, { ifHead: cursor as string })).rejects.toMatchObject({
      code: "CONFLICT",
    });
  });

  test("holds for deletions, and is refused where it is no cursor, or beside an offset", async () => {
    await using server = await openServer({ policies: [{ pattern: "state", compact: true }] });
    const { tidings } = server;
    const { cursor } = await tidings.publish("state", 1, { key: "k" });
    await tidings.publish("state", 2, { key: "k" });
    await expect(tidings.delete("state", "k", { ifHead: cursor as string })).rejects.toMatchObject({
      code: "CONFLICT",
    });
    const head = (await tidings.read("state")).cursor;
    await tidings.delete("state", "k", { ifHead: head });
    await expect(tidings.publish("a", 1, { ifHead: "seven" })).rejects.toMatchObject({
      code: "CURSOR_INVALID",
      details: { field: "ifHead" },
    });
    await expect(tidings.publish("a", 1, { ifHead: head, ifOffset: 7 })).rejects.toMatchObject({
      code: "REQUEST_INVALID",
    });
    await expect(tidings.publish("a", 1, { ifHead: head, ephemeral: true })).rejects.toMatchObject({
      code: "REQUEST_INVALID",
    });
  });
});
