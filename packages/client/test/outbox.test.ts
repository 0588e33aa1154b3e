import { afterEach, describe, expect, test, vi } from "vitest";
import { createAsks } from "../src/core/asks.ts";
import { TidingsError } from "../src/errors.ts";
import type { Options, Published, PublishOptions, Tuning } from "../src/types.ts";
import { type Begin, contextOf, fakeAsker, type FakeRequests, fakeRequests } from "./support/fakes.ts";
import { answer, held, openFront, openServer, silence, withoutStreams } from "./support/front.ts";
import { openSocket } from "./support/socket.ts";

const lost = (): TidingsError => new TidingsError("CONNECTION_LOST", "cut.", { retryable: true });

/** A client's publishing, as its channels have it. */
interface Outbox {
  publish(channel: string, event: string, data: unknown, options?: PublishOptions): Promise<Published>;
  delete(channel: string, key: string, event?: string): Promise<Published>;
  close(): void;
}

function open(
  url: string,
  begin: Begin = {},
  tuning: Partial<Tuning> = {},
  options: Options = {},
): { readonly outbox: Outbox; readonly requests: FakeRequests } {
  const requests = fakeRequests(begin);
  const asks = createAsks(contextOf(url, options, tuning), requests);
  const outbox: Outbox = {
    ...asks,
    close: () => requests.change({ state: { name: "closed", sinceMs: 0 } }),
    delete: (channel, key, event) => asks.publish(channel, event, undefined, { key, deleted: true }),
  };
  return { requests, outbox };
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

describe("a publish by REST", () => {
  test("resolves with where the message is once the log has it", async () => {
    await using server = await openServer();
    const { outbox, requests } = open(server.url);
    const first = await outbox.publish("a/b", "note", { text: "hi" });
    expect(first).toMatchObject({ cursor: expect.stringMatching(/^[a-z0-9]+\.1$/) as string, offset: 1 });
    expect(requests.sends).toBe(1);
    const response = await fetch(`${server.url}/channels/a/b`, { headers: { accept: "application/json" } });
    const { messages } = (await response.json()) as { readonly messages: readonly unknown[] };
    expect(messages).toMatchObject([{ event: "note", data: { text: "hi" } }]);
  });

  test("keeps the order of a channel, and channels do not wait for each other", async () => {
    await using server = await openServer();
    await using front = await openFront(server.url);
    const { outbox } = open(front.url);
    let release = (): void => undefined;
    const held_ = new Promise<void>((resolve) => {
      release = resolve;
    });
    front.faults.push(async ({ pass }) => {
      await held_;
      await pass();
    });
    const slow = numbers(20).map((n) => outbox.publish("slow", "n", n));
    await outbox.publish("other", "n", 1);
    release();
    const offsets = (await Promise.all(slow)).map(({ offset }) => offset);
    expect(offsets).toEqual(numbers(20).map((n) => n + 1));
    expect(await held(server.url, "slow")).toEqual(numbers(20));
  });

  test("says what it is: JSON, text, bytes, a key, inline, a preview", async () => {
    await using server = await openServer();
    const { outbox } = open(server.url);
    await outbox.publish("a", "json", "a string");
    await outbox.publish("a", "text", "a text", { contentType: "text/plain" });
    await outbox.publish("a", "text", "", { contentType: "text/plain" });
    await outbox.publish("a", "json", { not: "text" }, { contentType: "text/plain" });
    await outbox.publish("a", "bytes", new Uint8Array([0, 255]));
    await outbox.publish("a", "bytes", new Uint8Array([1, 2, 3]).buffer);
    await outbox.publish("a", "bytes", new Uint16Array([1]).subarray(0));
    await outbox.publish("a", "bytes", new Blob(['{"a":1}\n{"b":2}'], { type: "application/x-ndjson" }));
    await outbox.publish("a", "ünï & =?#", null, { key: "k 1+2", inline: true, preview: { é: [1] } });
    const response = await fetch(`${server.url}/channels/a`, { headers: { accept: "application/json" } });
    const { messages } = (await response.json()) as { readonly messages: readonly Record<string, unknown>[] };
    expect(
      messages.map(({ event, data, contentType, encoding, key }) => ({
        event,
        data,
        contentType,
        encoding,
        key,
      })),
    ).toEqual([
      { event: "json", data: "a string" },
      { event: "text", data: "a text", contentType: "text/plain" },
      { event: "text", data: "", contentType: "text/plain" },
      { event: "json", data: { not: "text" } },
      { event: "bytes", data: "AP8=", encoding: "base64" },
      { event: "bytes", data: "AQID", encoding: "base64" },
      { event: "bytes", data: "AQA=", encoding: "base64" },
      { event: "bytes", data: Buffer.from('{"a":1}\n{"b":2}').toString("base64"), encoding: "base64" },
      { event: "ünï & =?#", data: null, key: "k 1+2" },
    ]);
  });

  test("one whose payload takes its time keeps its place, and holds up nothing where there comes none", async () => {
    await using server = await openServer();
    const { outbox } = open(server.url);
    const later = (data: unknown, ms: number): Promise<unknown> =>
      new Promise((resolve) => setTimeout(resolve, ms, data));
    const none = Promise.reject(new TidingsError("PAYLOAD_INVALID", "no."));
    const all = await Promise.allSettled([
      outbox.publish("a", "n", later(1, 40)),
      outbox.publish("a", "n", 2),
      outbox.publish("a", "n", none),
      outbox.publish("a", "n", later(4, 10)),
      outbox.publish("a", "n", 5),
    ]);
    expect(all[2]).toMatchObject({ status: "rejected", reason: { code: "PAYLOAD_INVALID" } });
    expect(await held(server.url, "a")).toEqual([1, 2, 4, 5]);
  });

  test("is acknowledged also where the platform's fetch does not stream", async () => {
    await using server = await openServer();
    const { outbox } = open(server.url, {}, {}, { fetch: withoutStreams });
    expect(await outbox.publish("a", "n", 1)).toMatchObject({ offset: 1 });
  });

  test("names an artifact that was uploaded before", async () => {
    await using server = await openServer();
    const upload = await fetch(`${server.url}/artifacts`, {
      method: "POST",
      body: "png",
      headers: { "content-type": "image/png" },
    });
    const { id, url } = (await upload.json()) as { readonly id: string; readonly url: string };
    await open(server.url).outbox.publish("a", "image", undefined, { artifact: id, preview: "a picture" });
    await open(server.url).outbox.publish("a", "image", { name: "a.png" }, { artifact: id });
    const response = await fetch(`${server.url}/channels/a`, { headers: { accept: "application/json" } });
    const { messages } = (await response.json()) as { readonly messages: readonly unknown[] };
    expect(messages).toMatchObject([
      { event: "image", artifact: { url }, preview: "a picture" },
      { event: "image", artifact: { url }, data: { name: "a.png" } },
    ]);
  });

  test("holds the payload as it was at the call", async () => {
    await using server = await openServer();
    const { outbox, requests } = open(server.url, { isOnline: false });
    const data = { n: 1 };
    const bytes = new Uint8Array([1]);
    const both = [outbox.publish("a", "n", data), outbox.publish("a", "n", bytes)];
    data.n = 2;
    bytes[0] = 2;
    requests.change({ isOnline: true });
    await Promise.all(both);
    expect(await held(server.url, "a")).toEqual([{ n: 1 }, "AQ=="]);
  });

  test.each([
    ["undefined", undefined],
    ["a function", () => 1],
    ["a BigInt", 1n],
  ])("%s is no JSON: PAYLOAD_INVALID, and nothing is sent", async (_, data) => {
    const { outbox } = open("http://127.0.0.1:9");
    await expect(outbox.publish("a", "n", data)).rejects.toMatchObject({
      code: "PAYLOAD_INVALID",
      retryable: false,
    });
  });

  test("nor is what contains itself", async () => {
    const { outbox } = open("http://127.0.0.1:9");
    const self: { self?: unknown } = {};
    self.self = self;
    await expect(outbox.publish("a", "n", self)).rejects.toMatchObject({
      code: "PAYLOAD_INVALID",
      cause: expect.any(TypeError) as TypeError,
    });
  });

  test("with ifHead is appended on that head alone, and its repeat is no conflict", async () => {
    await using server = await openServer();
    await using front = await openFront(server.url);
    const socket = fakeAsker();
    // A frame's condition compares no epoch, so it goes by REST whatever is open.
    const { outbox } = open(front.url, { connection: socket });
    const { cursor = "" } = await createOutboxOf(server.url).publish("a", "n", 1);
    front.faults.push(({ lose }) => lose());
    await expect(outbox.publish("a", "n", 2, { ifHead: cursor })).resolves.toMatchObject({ duplicate: true });
    await expect(outbox.publish("a", "n", 3, { ifHead: cursor })).rejects.toMatchObject({
      code: "CONFLICT",
      status: 412,
      data: { head: expect.stringMatching(/\.2$/) as string },
    });
    expect(await held(server.url, "a")).toEqual([1, 2]);
  });

  test("a key is deleted", async () => {
    await using server = await openServer({ policies: [{ pattern: "keyed/**", compact: true }] });
    const { outbox } = open(server.url);
    await outbox.publish("keyed/a", "n", 1, { key: "k" });
    await outbox.delete("keyed/a", "k", "gone");
    await using socket = await openSocket(server.url);
    const over = open(server.url, { connection: socket });
    await outbox.publish("keyed/a", "n", 1, { key: "l" });
    await over.outbox.delete("keyed/a", "l");
    const response = await fetch(`${server.url}/channels/keyed/a`, {
      headers: { accept: "application/json" },
    });
    const { messages } = (await response.json()) as { readonly messages: readonly unknown[] };
    expect(messages).toMatchObject([
      { key: "k", event: "gone", deleted: true },
      { key: "l", deleted: true },
    ]);
    await expect(outbox.delete("plain", "k")).rejects.toMatchObject({ code: "CHANNEL_NOT_KEYED" });
  });

  test("an empty key is refused, and nothing else is deleted", async () => {
    await using server = await openServer({ policies: [{ pattern: "**", compact: true }] });
    const { outbox } = open(server.url);
    await outbox.publish("a", "n", 1, { key: "k" });
    await expect(outbox.delete("a", "")).rejects.toMatchObject({ code: "KEY_INVALID" });
    expect(await held(server.url, "a")).toEqual([1]);
  });
});

function createOutboxOf(url: string): Outbox {
  return open(url).outbox;
}

describe("faults", () => {
  test("a lost answer is asked for again, and the message is there once", async () => {
    await using server = await openServer();
    await using front = await openFront(server.url);
    front.faults.push(
      ({ lose }) => lose(),
      ({ lose }) => lose(),
    );
    const published = await createOutboxOf(front.url).publish("a", "n", 1);
    expect(published).toMatchObject({ duplicate: true, offset: 1 });
    expect(await held(server.url, "a")).toEqual([1]);
    const keys = front.seen.map(({ url }) => new URL(url, front.url).searchParams.get("idempotencyKey"));
    expect(new Set(keys).size).toBe(1);
    expect(keys[0]).toMatch(/^[a-z][A-Za-z0-9_-]{19,254}$/);
  });

  test("a server that is away for a while gets all messages, in order and once", async () => {
    await using server = await openServer();
    await using front = await openFront(server.url);
    const outbox = createOutboxOf(front.url);
    front.faults.push(
      answer(503, {}, "sorry"),
      answer(502),
      ({ lose }) => lose(),
      answer(500, {}, { code: "INTERNAL", detail: "oops", retryable: true }),
      ({ res }) => res.destroy(),
      answer(200, { "content-type": "text/html" }, "<html>a portal that lets nobody through</html>"),
      ({ res }) => res.writeHead(201, { "content-length": "100" }).write('{"cursor":'),
    );
    setTimeout(() => front.faults.unshift(({ req }) => req.socket.destroy()), 20);
    const all = await Promise.all(numbers(10).map((n) => outbox.publish("a", "n", n)));
    expect(all.map(({ offset }) => offset)).toEqual(numbers(10).map((n) => n + 1));
    expect(await held(server.url, "a")).toEqual(numbers(10));
  });

  test("Retry-After is waited for", async () => {
    await using server = await openServer();
    await using front = await openFront(server.url);
    front.faults.push(answer(503, { "retry-after": "1" }));
    const began = performance.now();
    await createOutboxOf(front.url).publish("a", "n", 1);
    expect(performance.now() - began).toBeGreaterThan(990);
    expect(front.seen).toHaveLength(2);
  });

  test("what the server puts off holds up its channel alone", async () => {
    await using server = await openServer();
    await using front = await openFront(server.url);
    const { outbox, requests } = open(front.url);
    const problem = { code: "RATE_LIMITED", detail: "later", retryable: true };
    front.faults.push(answer(429, { "retry-after": "100" }, problem));
    const late = [outbox.publish("a", "n", 1), outbox.publish("a", "n", 2)];
    await vi.waitUntil(() => front.seen.length === 1);
    for (const n of numbers(3)) await outbox.publish("b", "n", n);
    expect(front.seen).toHaveLength(4);
    requests.change({});
    await Promise.all(late);
    expect(await held(server.url, "a")).toEqual([1, 2]);
  });

  test("while nobody answers all channels wait together, for one pause", async () => {
    await using server = await openServer();
    await using front = await openFront(server.url);
    const { outbox, requests } = open(front.url, {}, { backoffMs: 3_600_000, maxBackoffMs: 3_600_000 });
    front.faults.push(({ res }) => res.destroy());
    const all = [outbox.publish("a", "n", 1)];
    await vi.waitUntil(() => front.faults.length === 0);
    await new Promise((resolve) => setTimeout(resolve, 50));
    all.push(outbox.publish("b", "n", 2), outbox.publish("c", "n", 3));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(front.seen).toHaveLength(1);
    requests.change({});
    await Promise.all(all);
  });

  test("a refusal that does not pass fails that one alone", async () => {
    await using server = await openServer();
    const { outbox } = open(server.url);
    const all = await Promise.allSettled([
      outbox.publish("a", "n", 1),
      outbox.publish("a", "tidings.mine", 2),
      outbox.publish("a", "n", 3),
      outbox.publish("$system", "n", 4),
    ]);
    expect(
      all.map((each) => (each.status === "rejected" ? (each.reason as TidingsError).code : "ok")),
    ).toEqual(["ok", "EVENT_NAME_INVALID", "ok", "CHANNEL_RESERVED"]);
    expect(await held(server.url, "a")).toEqual([1, 3]);
  });

  test("a body that stalls is late, and is asked for again", async () => {
    await using server = await openServer();
    await using front = await openFront(server.url);
    front.faults.push(({ res }) => res.writeHead(201).write('{"cur'), silence);
    const { outbox } = open(front.url, {}, { requestMs: 100 });
    expect(await outbox.publish("a", "n", 1)).toMatchObject({ offset: 1 });
  });

  test("a token that cannot be had is tried for again", async () => {
    await using server = await openServer();
    let asked = 0;
    const token = async (): Promise<string> => {
      if (++asked < 3) throw new Error("no network");
      return "t";
    };
    const { outbox } = open(server.url, {}, {}, { token });
    expect(await outbox.publish("a", "n", 1)).toMatchObject({ offset: 1 });
  });

  test("one that is not acknowledged in time fails, and says whether it was sent", async () => {
    await using front = await openFront();
    front.faults.push(silence, silence);
    const never = open(front.url, { isOnline: false }, { publishMs: 50 });
    const unsent = { code: "PUBLISH_TIMEOUT", retryable: true };
    await expect(never.outbox.publish("a", "n", 1)).rejects.toMatchObject(unsent);
    const sent = open(front.url, {}, { publishMs: 50 });
    const late = { code: "PUBLISH_TIMEOUT", retryable: false };
    await expect(sent.outbox.publish("a", "n", 1)).rejects.toMatchObject(late);
  });

  test("publishMs: 0 is no end", async () => {
    await using server = await openServer();
    const { outbox, requests } = open(server.url, { isOnline: false }, { publishMs: 0 });
    const published = outbox.publish("a", "n", 1);
    await new Promise((resolve) => setTimeout(resolve, 30));
    requests.change({ isOnline: true });
    expect(await published).toMatchObject({ offset: 1 });
  });
});

describe("while there is no network", () => {
  test("publishes wait, and go in order at once when it is back", async () => {
    await using server = await openServer();
    const { outbox, requests } = open(server.url, { isOnline: false });
    const all = numbers(5).map((n) => outbox.publish("a", "n", n));
    requests.change({ isOnline: true });
    await Promise.all(all);
    expect(await held(server.url, "a")).toEqual(numbers(5));
  });

  test("a connection that is back ends the pause after a failure", async () => {
    await using server = await openServer();
    await using front = await openFront(server.url);
    front.faults.push(answer(503, { "retry-after": "100" }));
    const { outbox, requests } = open(front.url);
    const published = outbox.publish("a", "n", 1);
    await vi.waitUntil(() => front.faults.length === 0);
    await new Promise((resolve) => setTimeout(resolve, 50));
    requests.change({ connection: {} });
    expect(await published).toMatchObject({ offset: 1 });
  });

  test("more than may wait are refused at the call", async () => {
    const { outbox } = open(
      "http://127.0.0.1:9",
      { isOnline: false },
      { maxPending: 2, maxPendingBytes: 10 },
    );
    const kept = [outbox.publish("a", "n", 1), outbox.publish("b", "n", 2)];
    await expect(outbox.publish("a", "n", 3)).rejects.toMatchObject({
      code: "PENDING_FULL",
      retryable: true,
    });
    outbox.close();
    const ends = await Promise.allSettled(kept);
    expect(ends).toMatchObject([{ reason: { code: "CLOSED" } }, { reason: { code: "CLOSED" } }]);
    await expect(outbox.publish("a", "n", 4)).rejects.toMatchObject({ code: "CLOSED" });
  });

  test("their bytes are counted as they travel, and are free again", async () => {
    await using server = await openServer();
    const { outbox, requests } = open(server.url, { isOnline: false }, { maxPendingBytes: 10 });
    const kept = outbox.publish("a", "n", "ééé"); // 8 bytes with its quotes
    await expect(outbox.publish("a", "n", "é")).rejects.toMatchObject({ code: "PENDING_FULL" });
    requests.change({ isOnline: true });
    await kept;
    await outbox.publish("a", "n", "éé");
  });

  test("one that is given up before it was sent is not sent; one that was sent goes on", async () => {
    await using server = await openServer();
    await using front = await openFront(server.url);
    const { outbox, requests } = open(front.url, { isOnline: false });
    const caller = new AbortController();
    const first = outbox.publish("a", "n", 1, { signal: caller.signal });
    const second = outbox.publish("a", "n", 2);
    caller.abort();
    await expect(first).rejects.toMatchObject({ code: "ABORTED" });
    await expect(outbox.publish("a", "n", 3, { signal: caller.signal })).rejects.toMatchObject({
      code: "ABORTED",
    });
    requests.change({ isOnline: true });
    await second;
    const late = new AbortController();
    front.faults.push(({ pass }) => {
      late.abort();
      return pass();
    });
    await outbox.publish("a", "n", 4, { signal: late.signal });
    expect(await held(server.url, "a")).toEqual([2, 4]);
  });
});

describe("a publish over a duplex connection", () => {
  test("is a frame, and many are on their way at once", async () => {
    const socket = fakeAsker();
    const { outbox } = open("http://127.0.0.1:9", { connection: socket });
    const all = numbers(50).map((n) => outbox.publish("a", "n", n, { key: "k" }));
    await socket.until(50);
    expect(socket.asked[3]?.frame).toMatchObject({
      type: "publish",
      channel: "a",
      event: "n",
      key: "k",
      data: 3,
      idempotencyKey: expect.any(String) as string,
    });
    for (const [n, one] of socket.asked.entries()) one.resolve({ cursor: `e.${n}`, offset: n });
    expect(await all[7]).toMatchObject({ cursor: "e.7", offset: 7 });
    await Promise.all(all);
  });

  test("keeps the order over a real socket, and what is large goes by REST in its place", async () => {
    await using server = await openServer();
    await using socket = await openSocket(server.url);
    const { outbox } = open(server.url, { connection: socket });
    const large = "x".repeat(70_000);
    const payloads = [1, 2, large, 3, new Uint8Array([1]), 4, 5];
    await Promise.all(payloads.map((data) => outbox.publish("a", "n", data)));
    expect(await held(server.url, "a")).toEqual([1, 2, large, 3, "AQ==", 4, 5]);
    expect(socket.sent.map(({ data }) => data)).toEqual([1, 2, 3, 4, 5]);
  });

  test("text, empty text, ephemeral and a preview are said in the frame", async () => {
    await using server = await openServer();
    await using socket = await openSocket(server.url);
    const { outbox } = open(server.url, { connection: socket });
    await outbox.publish("a", "t", "text", { contentType: "text/plain", preview: { a: 1 } });
    await outbox.publish("a", "t", "", { contentType: "text/plain" });
    await outbox.publish("a", "t", null);
    expect(await outbox.publish("a", "t", 1, { ephemeral: true })).not.toHaveProperty("cursor");
    expect(await held(server.url, "a")).toEqual(["text", "", null]);
  });

  test("a lost connection takes nothing along: all are sent again, in order, and are there once", async () => {
    await using server = await openServer();
    const first = await openSocket(server.url);
    const { outbox, requests } = open(server.url, { connection: first });
    const all = numbers(200).map((n) => outbox.publish("a", "n", n));
    await first.end();
    requests.change({ connection: undefined });
    await using second = await openSocket(server.url);
    requests.change({ connection: second });
    await Promise.all(all);
    expect(await held(server.url, "a")).toEqual(numbers(200));
  });

  test("without another connection they go on by REST", async () => {
    await using server = await openServer();
    const socket = fakeAsker();
    const { outbox, requests } = open(server.url, { connection: socket });
    const all = numbers(5).map((n) => outbox.publish("a", "n", n));
    await socket.until(5);
    requests.change({ connection: undefined });
    socket.lose(lost());
    await Promise.all(all);
    expect(await held(server.url, "a")).toEqual(numbers(5));
  });

  test("one connection after the other: nothing goes over the new one before the old one has answered", async () => {
    const old = fakeAsker();
    const next = fakeAsker();
    const { outbox, requests } = open("http://127.0.0.1:9", { connection: old });
    const first = outbox.publish("a", "n", 1);
    await old.until(1);
    requests.change({ connection: next });
    const second = outbox.publish("a", "n", 2);
    const elsewhere = outbox.publish("b", "n", 3);
    expect((await next.until(1)).frame).toMatchObject({ channel: "b" });
    next.asked[0]?.resolve({ cursor: "e.1" });
    await elsewhere;
    expect(next.asked).toHaveLength(1);
    old.asked[0]?.resolve({ cursor: "e.1" });
    await first;
    (await next.until(2)).resolve({ cursor: "e.2" });
    await second;
  });

  test("what the server puts off is sent again ahead of what waits behind it", async () => {
    const socket = fakeAsker();
    const { outbox } = open("http://127.0.0.1:9", { connection: socket });
    const all = numbers(3).map((n) => outbox.publish("a", "n", n));
    await socket.until(3);
    for (const one of socket.asked)
      one.reject(new TidingsError("LOG_UNAVAILABLE", "later.", { retryable: true }));
    await socket.until(6);
    expect(socket.asked.slice(3).map(({ frame }) => (frame as { data?: unknown }).data)).toEqual([0, 1, 2]);
    for (const one of socket.asked.slice(3)) one.resolve({ cursor: "e.1" });
    await Promise.all(all);
  });

  test("hundreds that one connection takes along are one failure, and the pause after it a short one", async () => {
    const socket = fakeAsker();
    const { outbox, requests } = open(
      "http://127.0.0.1:9",
      { connection: socket },
      { backoffMs: 1, maxBackoffMs: 3_600_000 },
    );
    const all = numbers(300).map((n) => outbox.publish("a", "n", n));
    await socket.until(300);
    const next = fakeAsker();
    requests.change({ connection: next });
    socket.lose(lost());
    await next.until(300);
    for (const one of next.asked) one.resolve({ cursor: "e.1" });
    await Promise.all(all);
  });
});

describe("an ephemeral publish", () => {
  test("is sent once, and its failure is told", async () => {
    await using front = await openFront();
    front.faults.push(answer(503));
    const { outbox } = open(front.url);
    await expect(outbox.publish("a", "typing", 1, { ephemeral: true })).rejects.toMatchObject({
      code: "UNREACHABLE",
    });
    expect(front.seen).toHaveLength(1);
    const socket = fakeAsker();
    const over = open(front.url, { connection: socket });
    const typing = over.outbox.publish("a", "typing", 1, { ephemeral: true });
    (await socket.until(1)).reject(lost());
    await expect(typing).rejects.toMatchObject({ code: "CONNECTION_LOST" });
  });

  test("does not wait for a network, nor behind those that wait", async () => {
    await using server = await openServer();
    await using front = await openFront(server.url);
    const { outbox } = open(front.url, { isOnline: false });
    await expect(outbox.publish("a", "typing", 1, { ephemeral: true })).rejects.toMatchObject({
      code: "OFFLINE",
    });
    const online = open(front.url);
    front.faults.push(answer(503, { "retry-after": "100" }));
    const waiting = online.outbox.publish("a", "n", 1).catch(() => undefined);
    await vi.waitUntil(() => front.seen.length === 1);
    expect(await online.outbox.publish("a", "typing", 1, { ephemeral: true })).not.toHaveProperty("cursor");
    online.outbox.close();
    await waiting;
  });
});

describe("time", () => {
  afterEach(() => void vi.useRealTimers());

  test("nothing is sent again when its key may be forgotten: 240 s after it was first sent, also after a sleep", async () => {
    vi.useFakeTimers({ now: 1_000_000, toFake: ["Date"] });
    const socket = fakeAsker();
    const { outbox, requests } = open("http://127.0.0.1:9", { connection: socket }, { publishMs: Infinity });
    const published: Promise<Published> = outbox.publish("a", "n", 1);
    await socket.until(1);
    vi.setSystemTime(1_239_000);
    socket.lose(lost());
    await socket.until(2);
    // The device sleeps: no timer runs, and the clock goes on.
    vi.setSystemTime(1_241_000);
    socket.lose(lost());
    await Promise.resolve();
    requests.change({ connection: socket });
    await expect(published).rejects.toMatchObject({ code: "PUBLISH_TIMEOUT" });
    expect(socket.asked).toHaveLength(2);
  });

  test("the order holds over a thousand publishes through faults, and each is there once", async () => {
    await using server = await openServer();
    await using front = await openFront(server.url);
    let socket = await openSocket(server.url);
    const { outbox, requests } = open(front.url, { connection: socket });
    let isOver = false;
    const all = Promise.all(
      numbers(1_000).map(async (n) => {
        const data = n % 97 === 0 ? new Uint8Array([n % 256]) : n;
        return outbox.publish("a", "n", data);
      }),
    ).finally(() => (isOver = true));
    for (let round = 0; !isOver && round < 1_000; round++) {
      if (round % 2 === 0) front.faults.push(({ lose }) => lose());
      await socket.end();
      requests.change({ connection: undefined });
      await new Promise((resolve) => setTimeout(resolve, 5));
      socket = await openSocket(server.url);
      requests.change({ connection: socket });
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await all;
    await socket.end();
    const expected = numbers(1_000).map((n) =>
      n % 97 === 0 ? Buffer.from([n % 256]).toString("base64") : n,
    );
    expect(await held(server.url, "a")).toEqual(expected);
  });
});
