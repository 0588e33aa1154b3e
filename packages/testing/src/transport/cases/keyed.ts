import { expect, test } from "vitest";
import type { Bench } from "../case.ts";
import { messagesOf, offsetOf, take, until } from "../collect.ts";
import { NOISE } from "../noise.ts";
import { deleteKey, publish, publishBatch } from "../publish.ts";
import { send } from "../send.ts";
import type { StreamEvent } from "../types.ts";

/** What a reader knows of a compact channel, by what it was told: the newest value of each key. */
class Known {
  readonly values = new Map<string, string>();

  take(events: readonly StreamEvent[]): this {
    for (const event of events) {
      if (event.type === "gap") this.values.clear();
      else if (event.type === "message" && event.key !== undefined) {
        if (event.deleted === true) this.values.delete(event.key);
        else this.values.set(event.key, event.data);
      }
    }
    return this;
  }

  get sorted(): readonly (readonly [string, string])[] {
    return [...this.values].sort(([a], [b]) => (a < b ? -1 : 1));
  }
}

/** Channels that keep the newest message of each key. */
export function keyed(bench: Bench): void {
  const set = (url: string, channel: string, ...lines: readonly (readonly [string, number])[]) =>
    publishBatch(
      url,
      channel,
      lines.map(([key, data]) => ({ key, data })),
    );

  test("where nothing is said, a new reader is given the newest value of each key, and then what changes", async () => {
    const { url } = await bench.server();
    const channel = bench.channel("keyed");
    await set(url, channel, ["x", 1], ["y", 1], ["x", 2]);
    await set(url, channel, ["z", 1], ["x", 3]);
    await using stream = await bench.open(url, { channel });
    const state = messagesOf(await bench.caughtUp(stream, channel));
    expect(state.map(({ key, data }) => [key, data])).toEqual([
      ["y", "1"],
      ["z", "1"],
      ["x", "3"],
    ]);
    await set(url, channel, ["y", 2]);
    expect(await take(stream, 1)).toMatchObject([{ channel, key: "y", data: "2" }]);
  });

  test("since=latest begins with what comes next, and last=N with the newest that are held", async () => {
    const { url } = await bench.server();
    const channel = bench.channel("keyed");
    await set(url, channel, ["x", 1], ["y", 1], ["z", 1], ["z", 2]);
    await using latest = await bench.open(url, { channel, since: "latest" });
    expect(messagesOf(await bench.caughtUp(latest, channel))).toEqual([]);
    await using last = await bench.open(url, { channel, last: 2 });
    const messages = messagesOf(await bench.caughtUp(last, channel));
    expect(messages.map(({ key, data }) => [key, data])).toEqual([
      ["y", "1"],
      ["z", "2"],
    ]);
  });

  test("the deletion of a key is a message without data, and a new reader does not get the value", async () => {
    const { url } = await bench.server();
    const channel = bench.channel("keyed");
    await set(url, channel, ["x", 1], ["y", 1]);
    await using stream = await bench.open(url, { channel });
    await bench.caughtUp(stream, channel);
    await deleteKey(url, channel, "x");
    expect(await take(stream, 1)).toMatchObject([{ key: "x", deleted: true, data: "" }]);
    await using later = await bench.open(url, { channel });
    const events = await bench.caughtUp(later, channel);
    expect(messagesOf(events).map(({ key, data }) => [key, data])).toEqual([
      ["y", "1"],
      ["x", ""],
    ]);
    expect(new Known().take(events).sorted).toEqual([["y", "1"]]);
  });

  test("one that comes back is not told what was replaced since in vain, and knows the state", async () => {
    const { url } = await bench.server();
    const channel = bench.channel("keyed");
    await set(url, channel, ["x", 1], ["y", 1]);
    await using stream = await bench.open(url, { channel });
    const known = new Known().take(await bench.caughtUp(stream, channel));
    stream.cut();
    for (let round = 0; round < 30; round++) await set(url, channel, ["x", round], ["z", round]);
    await deleteKey(url, channel, "y");
    await using again = await stream.reopen();
    const events = await bench.caughtUp(again, channel);
    expect(events.filter(({ type }) => type === "gap")).toEqual([]);
    // The channel conflates.
    expect(messagesOf(events)).toHaveLength(3);
    expect(known.take(events).sorted).toEqual([
      ["x", "29"],
      ["z", "29"],
    ]);
  });

  test("one that missed a deletion which is forgotten is told a gap from the beginning, and given the whole state", async () => {
    const { url } = await bench.server();
    const channel = bench.channel("forgetful");
    await set(url, channel, ["x", 1], ["y", 1], ["z", 1]);
    await using stream = await bench.open(url, { channel });
    const known = new Known().take(await bench.caughtUp(stream, channel));
    stream.cut();
    await deleteKey(url, channel, "y");
    await set(url, channel, ["x", 2]);
    await untilForgotten(url, channel);
    // The hub may still have what came since at hand; a reader far behind has only the log.
    await using again = await bench.open(url, { channel, cursors: stream.cursors });
    const events = await bench.caughtUp(again, channel);
    const [gap] = events.filter((event) => event.type === "gap");
    if (gap !== undefined) {
      expect(gap).toMatchObject({ channel, reason: "expired", missed: null });
      expect(offsetOf(gap.to)).toBe(0);
    }
    expect(known.take(events).sorted).toEqual([
      ["x", "2"],
      ["z", "1"],
    ]);
    // On a node that did not follow the channel meanwhile, the gap is the only way.
    if (!bench.driver.isHeld) expect(gap).toBeDefined();
  });

  test("a state of many pages whose deletions are forgotten is read to its end, across connections", async () => {
    const { url } = await bench.server();
    const channel = bench.channel("forgetful");
    const count = 3_000;
    const keys = Array.from({ length: count }, (_, at) => `k${at}`);
    for (let at = 0; at < count; at += 1_000)
      await publishBatch(
        url,
        channel,
        keys.slice(at, at + 1_000).map((key) => ({ key, data: "x".repeat(50) })),
      );
    await publish(url, channel, "1", { key: "gone" });
    await deleteKey(url, channel, "gone");
    await untilForgotten(url, channel);
    await publish(url, channel, "1", { key: "last" });
    const known = new Known();
    let stream = await bench.open(url, { channel });
    try {
      known.take(await until(stream, (event) => event.type === "message"));
      const next = await stream.reopen();
      await stream[Symbol.asyncDispose]();
      stream = next;
      known.take(await bench.caughtUp(stream, channel));
    } finally {
      await stream[Symbol.asyncDispose]();
    }
    expect(known.values.size).toBe(count + 1);
  });

  test.runIf(bench.driver.isStream)(
    "a reader that does not read while a key changes many times is given the newest value, and not a queue",
    async () => {
      const { url } = await bench.server();
      const channel = bench.channel("keyed");
      await using stream = await bench.open(url, { channel });
      await bench.caughtUp(stream, channel);
      stream.pause();
      const total = 150;
      for (let each = 1; each <= total; each++) {
        await publish(url, channel, `"${each} ${NOISE.slice(0, 98_000)}"`, { key: `k${each % 3}` });
      }
      await publish(url, channel, `"end"`, { key: "end" });
      stream.resume();
      const events = await until(stream, (event) => event.type === "message" && event.key === "end");
      const known = new Known().take(events);
      expect(known.sorted.map(([key, data]) => [key, data.slice(1, 4)])).toEqual([
        ["end", "end"],
        ["k0", "150"],
        ["k1", "148"],
        ["k2", "149"],
      ]);
      expect(messagesOf(events).length).toBeLessThan(total);
    },
  );
}

/** Waits until the log shows no deletion any more. */
async function untilForgotten(url: string, channel: string): Promise<void> {
  const deadline = Date.now() + 5_000;
  for (;;) {
    const { text } = await send(`${url}/channels/${channel}?last=3`);
    if (!text.includes('"deleted":true')) return;
    if (Date.now() > deadline) throw new Error("the deletion is still held");
  }
}
