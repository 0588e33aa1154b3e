import { DEFAULT_LIMITS } from "@tidings/protocol";
import { expect, test } from "vitest";
import { fetchArtifact, sha256Of } from "../artifact.ts";
import type { Bench } from "../case.ts";
import { dataOf, messagesOf, take } from "../collect.ts";
import { publish, publishBatch } from "../publish.ts";
import { send } from "../send.ts";
import type { Delivered } from "../types.ts";

const { inlineBytes, maxBase64Bytes, maxMessageBytes } = DEFAULT_LIMITS;
/** On both sides of every bound. */
const SIZES = [0, 1, 99_999, 100_000, 100_001, 500_000, 500_001, 1_048_576, 1_048_577];
const KINDS = [
  { kind: "json", contentType: "application/json" },
  { kind: "text", contentType: "text/plain; charset=utf-8" },
  { kind: "bytes", contentType: "application/octet-stream" },
] as const;
type Kind = (typeof KINDS)[number]["kind"];

/** Payloads of every size arrive whole, by the way that the policy says. */
export function sizes(bench: Bench): void {
  const { driver, log } = bench;

  /** That a message carries the payload, or leads to it. */
  async function expectPayload(base: string, message: Delivered, kind: Kind, body: Buffer): Promise<void> {
    if (message.artifact === undefined || message.data !== "") {
      const arrived = Buffer.from(message.data, kind === "bytes" ? "base64" : "utf8");
      expect(arrived.equals(body), `${body.length} bytes of ${kind}`).toBe(true);
    }
    if (message.artifact !== undefined) {
      const { size, sha256 } = message.artifact;
      expect({ size, sha256 }).toEqual({ size: body.length, sha256: sha256Of(body) });
      const fetched = await fetchArtifact(base, message.artifact);
      expect(fetched).toMatchObject({ status: 200, size, sha256 });
    }
  }

  test.each(KINDS)(
    "$kind of every size arrives whole: inline up to the limit, and above it as an artifact",
    async ({ kind, contentType }) => {
      const { url } = await bench.server();
      const channel = bench.channel();
      await using stream = await bench.open(url, { channel, since: "latest" });
      await bench.caughtUp(stream, channel);
      for (const size of SIZES) {
        if (kind === "json" && size === 0) continue;
        const body = bodyOf(kind, size);
        expect(await publish(url, channel, body, { contentType })).toMatchObject({ status: 201 });
        const [message] = await take(stream, 1);
        expect(message?.artifact !== undefined, `${size} bytes`).toBe(size > inlineBytes);
        if (message?.artifact !== undefined) expect(message.artifact.type).toBe(contentType);
        await expectPayload(url, message as Delivered, kind, body);
      }
    },
  );

  test.each(KINDS)(
    "$kind that asks to travel inline does so up to 1 MiB, and above it is refused",
    async ({ kind, contentType }) => {
      const { url } = await bench.server();
      const channel = bench.channel();
      await using stream = await bench.open(url, { channel, since: "latest" });
      await bench.caughtUp(stream, channel);
      for (const size of SIZES.slice(3)) {
        const body = bodyOf(kind, size);
        const answer = await publish(url, channel, body, { contentType, inline: true });
        if (size > maxMessageBytes) {
          expect(answer).toMatchObject({ status: 413, code: "MESSAGE_TOO_LARGE" });
          continue;
        }
        const [message] = await take(stream, 1);
        // Large bytes as base64 would cost text transports a third more: these get the URL, binary frames both.
        const isStored = kind === "bytes" && size > maxBase64Bytes;
        expect(message?.artifact !== undefined, `${size} bytes`).toBe(isStored);
        expect(message?.data === "").toBe(isStored && driver.isBinary !== true);
        await expectPayload(url, message as Delivered, kind, body);
      }
    },
  );

  test("a message whose payload is stored shows how it begins, or what its publisher says of it", async () => {
    const { url } = await bench.server();
    const channel = bench.channel();
    await using stream = await bench.open(url, { channel, since: "latest" });
    await bench.caughtUp(stream, channel);
    const lines = Array.from({ length: 20_000 }, (_, line) => `line ${line}`).join("\n");
    await publish(url, channel, lines, { contentType: "text/plain" });
    await publish(url, channel, JSON.stringify({ step: 7, rows: Array.from(lines) }));
    await publish(url, channel, Buffer.alloc(200_000), { contentType: "image/png" });
    await publish(url, channel, lines, { contentType: "text/csv", preview: '{"rows":20000}' });
    const [text, json, bytes, own] = await take(stream, 4);
    expect(text?.preview).toMatch(/^line 0\nline 1\n[^]*line 300\n/);
    expect(json?.preview).toMatchObject({ step: 7 });
    expect(((json?.preview ?? {}) as { rows?: string[] }).rows?.join("")).toMatch(/^line 0\nline 1\n/);
    expect(bytes).not.toHaveProperty("preview");
    expect(bytes?.artifact).toMatchObject({ type: "image/png", size: 200_000 });
    expect(own).toMatchObject({ preview: { rows: 20_000 }, artifact: { type: "text/csv" } });
  });

  test("a message that names an artifact may say something beside it", async () => {
    const { url } = await bench.server();
    const channel = bench.channel();
    const uploaded = await send(`${url}/artifacts`, {
      method: "POST",
      headers: { "content-type": "image/png" },
      body: Buffer.alloc(10, 7),
    });
    const { id } = uploaded.json() as { id: string };
    await publish(url, channel, '{"name":"loss.png","n":1.0e5}', { artifact: id });
    await using stream = await bench.open(url, { channel, since: "earliest" });
    const [message] = messagesOf(await bench.caughtUp(stream, channel));
    expect(message?.data).toBe('{"name":"loss.png","n":1.0e5}');
    expect(message?.artifact).toMatchObject({ type: "image/png", size: 10 });
    expect(message).not.toHaveProperty("preview");
  });

  test("a large message keeps its place among small ones", async () => {
    const { url } = await bench.server();
    const channel = bench.channel();
    await using stream = await bench.open(url, { channel, since: "latest" });
    await bench.caughtUp(stream, channel);
    await publishBatch(url, channel, [
      { data: 1 },
      { data: "2".repeat(150_000), contentType: "text/plain" },
      { data: 3 },
    ]);
    const [one, two, three] = await take(stream, 3);
    expect([one?.data, two?.data, three?.data]).toEqual(["1", "", "3"]);
    expect(two?.artifact?.size).toBe(150_000);
    await using late = await bench.open(url, { channel, since: "earliest" });
    expect(messagesOf(await bench.caughtUp(late, channel)), "read from the log").toEqual([one, two, three]);
  });

  test("a repeat of a large message is told as one, and seen once", async () => {
    const { url } = await bench.server();
    const channel = bench.channel();
    await using stream = await bench.open(url, { channel, since: "latest" });
    await bench.caughtUp(stream, channel);
    const body = bodyOf("text", 200_000);
    const settings = { contentType: "text/plain", headers: { "idempotency-key": "large" } };
    const first = await publish(url, channel, body, settings);
    expect(await publish(url, channel, body, settings)).toEqual({ ...first, status: 200, duplicate: true });
    await publish(url, channel, "2");
    const [large, next] = await take(stream, 2);
    expect(next?.data).toBe("2");
    await expectPayload(url, large as Delivered, "text", body);
  });

  test("a large message on another head than it names is refused and seen by nobody", async () => {
    const { url } = await bench.server();
    const channel = bench.channel();
    const cursors = await bench.history(url, channel, 2);
    for (const size of [200_000, 2_000_000]) {
      const refused = await publish(url, channel, bodyOf("bytes", size), {
        contentType: "application/octet-stream",
        headers: { "if-match": `"${cursors[1]}"` },
      });
      expect(refused).toMatchObject({ status: 412, code: "CONFLICT" });
    }
    await using stream = await bench.open(url, { channel, since: "earliest" });
    expect(dataOf(await bench.caughtUp(stream, channel))).toEqual(["1", "2"]);
  });

  test("an ephemeral message is never stored: above the limit it is refused", async () => {
    const { url } = await bench.server();
    const channel = bench.channel();
    const answer = await publish(url, channel, bodyOf("json", 100_001), { ephemeral: true });
    expect(answer).toMatchObject({ status: 413, code: "MESSAGE_TOO_LARGE" });
    const inline = await publish(url, channel, bodyOf("json", 100_001), { ephemeral: true, inline: true });
    expect(inline).toEqual({ status: 202 });
  });

  test("where the policy stores nothing what is too large is refused", async () => {
    const { url } = await bench.server();
    const channel = bench.channel("unstored");
    for (const size of [100_001, 1_048_577]) {
      const answer = await publish(url, channel, bodyOf("json", size));
      expect(answer).toMatchObject({ status: 413, code: "MESSAGE_TOO_LARGE" });
    }
    await publish(url, channel, bodyOf("json", 100_000));
    await using stream = await bench.open(url, { channel, since: "earliest" });
    expect(dataOf(await bench.caughtUp(stream, channel)).map(({ length }) => length)).toEqual([100_000]);
  });

  test.runIf(log.isDurable)("after a restart a stored payload is where its message says", async () => {
    await using server = await log.open();
    const channel = bench.channel();
    const body = bodyOf("json", 300_000);
    await publish(server.url, channel, body);
    await server.restart();
    await using stream = await bench.open(server.url, { channel, since: "earliest" });
    const [message] = messagesOf(await bench.caughtUp(stream, channel));
    await expectPayload(server.url, message as Delivered, "json", body);
  });
}

/** A payload of so many bytes; JSON is a string, or one digit. */
function bodyOf(kind: Kind, size: number): Buffer {
  if (kind === "bytes") return Buffer.from(Uint8Array.from({ length: size }, (_, at) => (at * 31) & 255));
  if (kind === "text") return Buffer.from("text\n".repeat(Math.ceil(size / 5)).slice(0, size));
  return Buffer.from(size < 2 ? "7" : `"${"x".repeat(size - 2)}"`);
}
