import { expect, test } from "vitest";
import type { Bench } from "../case.ts";
import { dataOf, messagesOf, offsetOf, take, until } from "../collect.ts";
import { NOISE } from "../noise.ts";
import { publish } from "../publish.ts";
import type { StreamEvent } from "../types.ts";

/** A reader that does not keep up. */
export function slow(bench: Bench): void {
  test("a reader that stops reading while megabytes are published gets all of them once it goes on", async () => {
    const { url } = await bench.server();
    const channel = bench.channel();
    await using stream = await bench.open(url, { channel, since: "latest" });
    await bench.caughtUp(stream, channel);
    stream.pause();
    for (let each = 0; each < 90; each++) await publish(url, channel, `"${each} ${NOISE}"`, { inline: true });
    stream.resume();
    const seen = dataOf(await take(stream, 90));
    expect(seen.map((data) => data.slice(1, data.indexOf(" ")))).toEqual(
      Array.from({ length: 90 }, (_, each) => String(each)),
    );
    expect(seen.every((data) => data.length > 100_000)).toBe(true);
    await publish(url, channel, `"after"`);
    expect(dataOf(await take(stream, 1))).toEqual([`"after"`]);
  });

  test("a reader that falls out of retention while it does not read is told how much it missed, and goes on", async () => {
    const { url } = await bench.server();
    const channel = bench.channel("short");
    await using stream = await bench.open(url, { channel, since: "latest" });
    await bench.caughtUp(stream, channel);
    stream.pause();
    // More than the buffers of both sockets hold, and ten messages are kept.
    const total = 150;
    for (let each = 1; each <= total; each++)
      await publish(url, channel, `"${each} ${NOISE}"`, { inline: true });
    stream.resume();
    const events = await until(
      stream,
      (event) => event.type === "message" && offsetOf(event.cursor) === total,
    );
    expect(gapsAndMessages(events)).toEqual({ covered: total, isInOrder: true, hasGap: true });
  });

  test("of ephemeral messages that came while it did not read, one that goes on gets the newest of each key", async () => {
    const { url } = await bench.server();
    const channel = bench.channel("pointers");
    await using stream = await bench.open(url, { channel, since: "latest" });
    await bench.caughtUp(stream, channel);
    stream.pause();
    // More than the buffers of both sockets hold.
    for (let each = 0; each < 90; each++) await publish(url, channel, `"${NOISE}"`, { inline: true });
    const point = (key: string, at: number) => publish(url, channel, String(at), { key, ephemeral: true });
    for (const [key, at] of [
      ["ada", 1],
      ["bob", 1],
      ["ada", 2],
      ["ada", 3],
      ["bob", 2],
    ] as const)
      await point(key, at);
    stream.resume();
    const seen = messagesOf(await take(stream, 92)).filter(({ cursor }) => cursor === undefined);
    // Of ada and of bob; plain SSE does not tell keys.
    expect(dataOf(seen)).toEqual(["3", "2"]);
    await point("ada", 4);
    expect(dataOf(await take(stream, 1))).toEqual(["4"]);
  });

  test("on a keyed channel that conflates it gets the newest of each key, and not all there was", async () => {
    const { url } = await bench.server();
    const channel = bench.channel("keyed");
    await using stream = await bench.open(url, { channel });
    await bench.caughtUp(stream, channel);
    stream.pause();
    const total = 150;
    for (let each = 1; each <= total; each++) {
      const value = `"${each} ${NOISE}"`;
      await publish(url, channel, value, { key: `k${each % 3}`, inline: true });
    }
    stream.resume();
    const values = new Map<string | undefined, string>();
    let count = 0;
    await until(stream, (event) => {
      if (event.type !== "message") return false;
      count++;
      values.set(event.key, event.data.slice(1, event.data.indexOf(" ")));
      return offsetOf(event.cursor) === total;
    });
    expect(values).toEqual(
      new Map([
        ["k0", "150"],
        ["k1", "148"],
        ["k2", "149"],
      ]),
    );
    expect(count).toBeLessThan(total);
  });
}

/** How many offsets messages and gaps cover together, and whether each begins where the one before ended. */
function gapsAndMessages(events: readonly StreamEvent[]): {
  covered: number;
  isInOrder: boolean;
  hasGap: boolean;
} {
  let at = 0;
  let covered = 0;
  let isInOrder = true;
  let hasGap = false;
  for (const event of events) {
    if (event.type === "gap") {
      isInOrder &&= event.reason === "expired" && offsetOf(event.from) === at;
      covered += event.missed ?? offsetOf(event.to) - at;
      at = offsetOf(event.to);
      hasGap = true;
    } else if (event.type === "message") {
      isInOrder &&= offsetOf(event.cursor) === at + 1;
      covered++;
      at++;
    }
  }
  return { covered, isInOrder, hasGap };
}
