import { expect, test } from "vitest";
import type { Bench } from "../case.ts";
import { dataOf, messagesOf, take } from "../collect.ts";
import { publish, publishNumbers } from "../publish.ts";
import type { Body } from "../send.ts";
import type { Delivered } from "../types.ts";

/** JSON that parsing and writing again would change. */
const EXACT_JSON = [
  "12345678901234567890.10",
  "1.0e5",
  `{"b":1,"a":{"__proto__":null},"a":[true,false,null]}`,
  String.raw`"\u0000 \ud83d\ude00 \/ \u2028"`,
  `"é 😀  data: x"`,
  `[[[[[[[[[[]]]]]]]]]]`,
  `""`,
];

/** Text that a line of some transport could break on; plain SSE makes every line end a LF (WHATWG HTML §9.2.5). */
const TEXTS = [
  "",
  "plain",
  "é 😀   ﻿",
  "data: a\nid: 7\n\nevent: x",
  "a\nb\n",
  "\n\n",
  " leading",
  'tab\tNUL\0 quote" back\\slash',
  '{"type":"gap"}',
];

/** What is published is what arrives. */
export function payloads(bench: Bench): void {
  const { driver } = bench;

  async function roundTrip(bodies: readonly Body[], contentType: string): Promise<readonly Delivered[]> {
    const { url } = await bench.server();
    const channel = bench.channel();
    await using live = await bench.open(url, { channel, since: "latest" });
    await bench.caughtUp(live, channel);
    for (const body of bodies) await publish(url, channel, body, { contentType });
    const messages = await take(live, bodies.length);
    await using late = await bench.open(url, { channel, since: "earliest" });
    expect(messagesOf(await bench.caughtUp(late, channel)), "read from the log").toEqual(messages);
    return messages;
  }

  test("JSON arrives as it was published, byte for byte", async () => {
    const messages = await roundTrip(EXACT_JSON, "application/json");
    expect(messages.map(({ data }) => data)).toEqual(EXACT_JSON);
    if (driver.tellsKind) expect(messages.every(({ kind }) => kind === "json")).toBe(true);
  });

  test("JSON of several lines arrives with the same meaning", async () => {
    const value = { list: [1, { deep: "a\nb" }], text: "\r\n" };
    const [message] = await roundTrip(
      [JSON.stringify(value, null, 2).replaceAll("\n", "\r\n")],
      "application/json; charset=utf-8",
    );
    expect(JSON.parse(message?.data ?? "")).toEqual(value);
  });

  test("text arrives as it was published", async () => {
    const messages = await roundTrip(TEXTS, "text/plain");
    expect(messages.map(({ data }) => data)).toEqual(TEXTS);
    if (driver.tellsKind) expect(messages.every(({ kind }) => kind === "text")).toBe(true);
  });

  test(`line ends of text arrive ${driver.tellsKind ? "as they were" : "as line feeds, since SSE knows no other"}`, async () => {
    const [message] = await roundTrip(["a\rb\r\nc\n\rd\r"], "text/plain");
    expect(message?.data).toBe(driver.tellsKind ? "a\rb\r\nc\n\rd\r" : "a\nb\nc\n\nd\n");
  });

  test("bytes arrive as they were published", async () => {
    const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    const bodies = [all, new Uint8Array(0), all.subarray(0, 1), all.subarray(254)];
    const messages = await roundTrip(bodies, "application/octet-stream");
    expect(messages.map(({ data }) => Buffer.from(data, "base64"))).toEqual(
      bodies.map((body) => Buffer.from(body)),
    );
    if (driver.tellsKind) expect(messages.every(({ kind }) => kind === "bytes")).toBe(true);
  });

  test("an event and a key arrive with the message", async () => {
    const { url } = await bench.server();
    const channel = bench.channel();
    await using stream = await bench.open(url, { channel, since: "latest" });
    await bench.caughtUp(stream, channel);
    await publish(url, channel, "1", { event: `ev"ent é 😀: x`, key: `k"ey\\` });
    const [message] = await take(stream, 1);
    expect(message?.event).toBe(`ev"ent é 😀: x`);
    if (driver.tellsKind) expect(message?.key).toBe(`k"ey\\`);
  });

  test("an ephemeral message reaches those who listen, without a cursor, and nobody later", async () => {
    const { url } = await bench.server();
    const channel = bench.channel();
    await using stream = await bench.open(url, { channel, since: "latest" });
    await bench.caughtUp(stream, channel);
    await publishNumbers(url, channel, 1, 1);
    await take(stream, 1);
    const position = stream.cursors.get(channel);
    expect(await publish(url, channel, `"typing"`, { ephemeral: true })).toEqual({ status: 202 });
    if (driver.isStream) {
      const [message] = await take(stream, 1);
      expect(message).toMatchObject({ data: `"typing"` });
      expect(message).not.toHaveProperty("cursor");
      expect(stream.cursors.get(channel)).toBe(position);
    }
    await publishNumbers(url, channel, 2, 2);
    // A long poll may be held at the moment of the ephemeral message, or not.
    const [next, second] =
      driver.isHeld && !driver.isStream ? await takeUntil(stream, "2") : dataOf(await take(stream, 1));
    expect(second ?? next).toBe("2");
    await using late = await bench.open(url, { channel, since: "earliest" });
    expect(dataOf(await bench.caughtUp(late, channel))).toEqual(["1", "2"]);
  });

  async function takeUntil(
    stream: Awaited<ReturnType<typeof bench.open>>,
    data: string,
  ): Promise<readonly string[]> {
    const seen = [...dataOf(await take(stream, 1))];
    if (seen[0] !== data) seen.push(...dataOf(await take(stream, 1)));
    return seen;
  }
}
