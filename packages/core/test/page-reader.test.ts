import { describe, expect, test } from "vitest";
import { type Hub, PageReader, type PageRequest, type PageResult, type Start } from "../src/index.ts";
import { pageObjects } from "./support/decode.ts";
import { cursor, number, openHub, PAGE, settled, sized } from "./support/fixtures.ts";
import { LogDouble } from "./support/log-double.ts";
import { startReader } from "./support/recording-sink.ts";

const EARLIEST: Start = { at: "earliest" };
const since = (offset: number): Start => ({ at: "cursor", cursor: cursor("e1", offset) });

/** What a page says, in short. */
function short({ parts, cursors, gaps, caughtUp, messages }: PageResult): object {
  const objects = parts.flatMap((part) => pageObjects(part));
  expect(objects).toHaveLength(messages);
  return {
    messages: objects.map(({ channel, cursor: at }) => `${channel} ${at ?? "ephemeral"}`).join(", "),
    cursors: [...cursors]
      .map(([channel, { from, to }]) => `${channel} ${from.offset}–${to.offset}`)
      .join(", "),
    ...(gaps.length === 0
      ? {}
      : { gaps: gaps.map(({ channel, gap }) => `${channel} ${gap.reason} ${gap.missed}`).join(", ") }),
    caughtUp,
  };
}

function poll(
  hub: Hub,
  requests: readonly PageRequest[],
  limits: Partial<typeof PAGE> = {},
  waits = false,
): PageReader {
  return new PageReader(hub, requests, { ...PAGE, ...limits }, waits);
}

/** Whether a poll has its answer. */
async function isHeld(page: PageReader): Promise<boolean> {
  let isDone = false;
  void page.result.then(() => (isDone = true));
  await settled();
  return !isDone;
}

describe("a short poll", () => {
  test("brings what is there, and says where it began and where the next one goes on", async () => {
    const { hub, publish } = openHub();
    await publish("c", 1, 2);
    const page = poll(hub, [{ channel: "c", start: EARLIEST }]);
    expect(short(await page.result)).toEqual({
      messages: "c e1.1, c e1.2",
      cursors: "c 0–2",
      caughtUp: true,
    });
    const next = poll(hub, [{ channel: "c", start: since(2) }]);
    expect(short(await next.result)).toEqual({ messages: "", cursors: "c 2–2", caughtUp: true });
    expect(hub.size).toBe(0);
  });

  test("of a full page says that there is more, and pages in a row bring everything once", async () => {
    const { hub, publish } = openHub();
    await publish("c", 1, 2, 3, 4, 5);
    const pages: object[] = [];
    for (let at = 0; at < 5;) {
      const result = await poll(hub, [{ channel: "c", start: since(at) }], { maxMessages: 2 }).result;
      pages.push(short(result));
      at = result.cursors.get("c")?.to.offset ?? 5;
    }
    expect(pages).toEqual([
      { messages: "c e1.1, c e1.2", cursors: "c 0–2", caughtUp: false },
      { messages: "c e1.3, c e1.4", cursors: "c 2–4", caughtUp: false },
      { messages: "c e1.5", cursors: "c 4–5", caughtUp: true },
    ]);
  });

  test("of several channels fills its page with one after the other, and cuts where it is full", async () => {
    const { hub, publish } = openHub();
    for (const channel of ["a", "b", "c"]) await publish(channel, 1, 2);
    const page = poll(
      hub,
      ["a", "b", "c"].map((channel) => ({ channel, start: EARLIEST })),
      { maxMessages: 3 },
    );
    // A channel that had no turn has no cursor: it begins with the next poll.
    expect(short(await page.result)).toEqual({
      messages: "a e1.1, a e1.2, b e1.1",
      cursors: "a 0–2, b 0–1",
      caughtUp: false,
    });
  });

  test("of several channels is full at its bytes, too", async () => {
    const { hub, log } = openHub();
    for (const channel of ["a", "b", "c"]) await log.append(channel, [sized(300), sized(300)]);
    const page = poll(
      hub,
      ["a", "b", "c"].map((channel) => ({ channel, start: EARLIEST })),
      { maxBytes: 1_500 },
    );
    const result = await page.result;
    expect(short(result)).toMatchObject({ messages: "a e1.1, a e1.2, b e1.1", caughtUp: false });
    expect(result.parts.reduce((sum, part) => sum + part.length, 0)).toBeLessThanOrEqual(1_500 + 600);
  });

  test("brings one message whatever its size", async () => {
    const { hub, log } = openHub();
    await log.append("c", [sized(5_000), sized(1)]);
    const page = poll(hub, [{ channel: "c", start: EARLIEST }], { maxBytes: 10 });
    expect(short(await page.result)).toEqual({ messages: "c e1.1", cursors: "c 0–1", caughtUp: false });
  });

  test("through a filter reads on until something is found", async () => {
    const { hub, log } = openHub();
    await log.append(
      "c",
      ["y", "y", "y", "x", "y"].map((event, at) => number(at, event)),
    );
    const page = poll(hub, [{ channel: "c", start: EARLIEST, events: ["x"] }], { maxMessages: 2 });
    expect(short(await page.result)).toEqual({ messages: "c e1.4", cursors: "c 0–4", caughtUp: false });
    const rest = poll(hub, [{ channel: "c", start: since(4), events: ["x"] }], { maxMessages: 2 });
    expect(short(await rest.result)).toEqual({ messages: "", cursors: "c 4–5", caughtUp: true });
  });

  test("tells a gap, with the page after it", async () => {
    const { hub, publish } = openHub({ retention: { maxMessages: 1 } });
    await publish("c", 1, 2, 3);
    const page = poll(hub, [{ channel: "c", start: since(0) }]);
    expect(short(await page.result)).toEqual({
      messages: "c e1.3",
      cursors: "c 0–3",
      gaps: "c expired 2",
      caughtUp: true,
    });
  });

  test("with gap=fail rejects rather than pass over one", async () => {
    const { hub, publish } = openHub({ retention: { maxMessages: 1 } });
    await publish("c", 1, 2, 3);
    const page = poll(hub, [{ channel: "c", start: since(0), onGap: "fail" }]);
    await expect(page.result).rejects.toMatchObject({ code: "CURSOR_GONE" });
  });

  test("two gaps in a row on one channel are told as one, from where it stood to where it goes on", async () => {
    let double: LogDouble | undefined;
    const { hub, log, publish } = openHub({ wrap: (inner) => (double = new LogDouble(inner)) });
    await publish("c", 1, 2, 3);
    (double as LogDouble).isSlow = true;
    (double as LogDouble).looksAtOnce = () => false;
    const page = poll(hub, [{ channel: "c", start: { at: "cursor", cursor: cursor("e0", 5) } }]);
    double?.release();
    await settled(); // the gap to this life is told, and the page after it is still to be read
    await log.truncate("c");
    await publish("c", 4);
    double?.release();
    const { gaps, ...result } = await page.result;
    expect(gaps).toEqual([
      { channel: "c", gap: { reason: "epoch", from: cursor("e0", 5), to: cursor("e1", 3), missed: null } },
    ]);
    expect(short({ ...result, gaps: [] })).toMatchObject({ messages: "c e1.4", cursors: "c 5–4" });
  });

  test("rejects with what the log met", async () => {
    let double: LogDouble | undefined;
    const { hub } = openHub({ wrap: (inner) => (double = new LogDouble(inner)) });
    double?.failures.set("read", new Error("no disk"));
    await expect(poll(hub, [{ channel: "c", start: EARLIEST }]).result).rejects.toThrow("no disk");
  });

  test("latest is the head, with nothing to read", async () => {
    const { hub, publish } = openHub();
    await publish("c", 1);
    expect(short(await poll(hub, [{ channel: "c", start: { at: "latest" } }]).result)).toMatchObject({
      messages: "",
      cursors: "c 1–1",
    });
  });
});

describe("a long poll", () => {
  test("that has room for a part of what a channel has brings no more than that, however it was flushed", async () => {
    const { hub, log, turns } = openHub();
    for (const channel of ["a", "b"]) startReader(hub, { channel });
    await settled();
    await log.append("a", [sized(1), sized(2)]);
    await log.append("b", [sized(5_000), sized(5_000), sized(5_000)]);
    await turns.settle();
    await log.append("b", [sized(1)]);
    await turns.settle();
    const requests = ["a", "b"].map((channel) => ({ channel, start: since(0) }));
    const page = poll(hub, requests, { maxMessages: 4, maxBytes: 1_000_000 }, true);
    expect(short(await page.result)).toEqual({
      messages: "a e1.1, a e1.2, b e1.1, b e1.2",
      cursors: "a 0–2, b 0–2",
      caughtUp: false,
    });
  });

  test("answers at once where there is something", async () => {
    const { hub, publish } = openHub();
    await publish("c", 1);
    const page = poll(hub, [{ channel: "c", start: since(0) }], {}, true);
    expect(short(await page.result)).toEqual({ messages: "c e1.1", cursors: "c 0–1", caughtUp: true });
  });

  test("answers at once where there is only a gap", async () => {
    const { hub, log, publish } = openHub();
    await publish("c", 1);
    await log.truncate("c");
    const page = poll(hub, [{ channel: "c", start: since(0) }], {}, true);
    expect(short(await page.result)).toEqual({
      messages: "",
      cursors: "c 0–1",
      gaps: "c expired 1",
      caughtUp: true,
    });
  });

  test("is woken by any of its channels, with all that the flush brings on each", async () => {
    const { hub, turns, publish } = openHub();
    const channels = Array.from({ length: 100 }, (_, at) => `c${at}`);
    const page = poll(
      hub,
      channels.map((channel) => ({ channel, start: since(0) })),
      {},
      true,
    );
    expect(await isHeld(page)).toBe(true);
    await publish("c7", 1, 2);
    await publish("c99", 3);
    await publish("other", 4);
    turns.end();
    expect(short(await page.result)).toMatchObject({
      messages: "c7 e1.1, c7 e1.2, c99 e1.1",
      caughtUp: true,
    });
    for (const channel of channels) expect(hub.get(channel)?.users).toBe(0);
  });

  test("is not woken by what its filter leaves out, and passes over it", async () => {
    const { hub, log, turns } = openHub();
    const page = poll(hub, [{ channel: "c", start: since(0), events: ["x"] }], {}, true);
    await settled();
    await log.append("c", [number(1, "y")]);
    turns.end();
    expect(await isHeld(page)).toBe(true);
    page.finish();
    expect(short(await page.result)).toEqual({ messages: "", cursors: "c 0–1", caughtUp: true });
  });

  test("is woken by an ephemeral message, which moves no cursor", async () => {
    const { hub, log, turns } = openHub();
    const page = poll(hub, [{ channel: "c", start: since(0) }], {}, true);
    await settled();
    await log.broadcast("c", [number(1)]);
    turns.end();
    expect(short(await page.result)).toEqual({ messages: "c ephemeral", cursors: "c 0–0", caughtUp: true });
  });

  test("answers an empty page when its time is over", async () => {
    const { hub } = openHub();
    const page = poll(hub, [{ channel: "c", start: { at: "latest" } }], {}, true);
    await settled();
    page.finish();
    page.finish();
    expect(short(await page.result)).toEqual({ messages: "", cursors: "c 0–0", caughtUp: true });
    expect(hub.get("c")?.users).toBe(0);
  });

  test("whose time is over before a channel had its turn answers with what it has", async () => {
    let double: LogDouble | undefined;
    const { hub, publish } = openHub({ wrap: (inner) => (double = new LogDouble(inner)) });
    await publish("a", 1);
    (double as LogDouble).isSlow = true;
    const page = poll(
      hub,
      ["a", "b"].map((channel) => ({ channel, start: EARLIEST })),
      {},
      true,
    );
    double?.release();
    await settled();
    page.finish();
    double?.release();
    expect(short(await page.result)).toEqual({ messages: "a e1.1", cursors: "a 0–1", caughtUp: false });
  });

  test("whose client is gone reads nothing more and lets its channels go", async () => {
    const { hub, turns, publish } = openHub();
    const page = poll(hub, [{ channel: "c", start: since(0) }], {}, true);
    await settled();
    page.cancel();
    expect(hub.get("c")?.users).toBe(0);
    await publish("c", 1);
    await turns.settle();
    page.finish();
    expect(await isHeld(page)).toBe(true);
  });

  test("cuts a flush that is larger than a page, and the next poll goes on exactly there", async () => {
    const { hub, turns, publish } = openHub();
    const page = poll(hub, [{ channel: "c", start: since(0) }], { maxMessages: 2 }, true);
    await settled();
    await publish("c", 1, 2, 3);
    turns.end();
    const result = await page.result;
    expect(short(result)).toEqual({ messages: "c e1.1, c e1.2", cursors: "c 0–2", caughtUp: false });
    const next = poll(hub, [{ channel: "c", start: since(2) }], { maxMessages: 2 }, true);
    expect(short(await next.result)).toMatchObject({ messages: "c e1.3", cursors: "c 2–3" });
  });

  test("cuts a flush at a page's bytes", async () => {
    const { hub, log, turns } = openHub();
    const page = poll(hub, [{ channel: "c", start: since(0) }], { maxBytes: 1_000 }, true);
    await settled();
    await log.append("c", [sized(300), sized(300), sized(300)]);
    turns.end();
    expect(short(await page.result)).toEqual({ messages: "c e1.1", cursors: "c 0–1", caughtUp: false });
  });

  test("takes nothing of the channels that a flush has left over once the page is full, and loses nothing of them", async () => {
    const { hub, turns, publish } = openHub();
    const channels = ["a", "b", "c", "d"];
    const page = poll(
      hub,
      channels.map((channel) => ({ channel, start: since(0) })),
      { maxMessages: 3 },
      true,
    );
    await settled();
    for (const channel of channels) await publish(channel, 1, 2);
    turns.end();
    expect(short(await page.result)).toEqual({
      messages: "a e1.1, a e1.2, b e1.1",
      cursors: "a 0–2, b 0–1, c 0–0, d 0–0",
      caughtUp: false,
    });
  });

  test("brings ephemeral messages that no place to be cut at is found in whole", async () => {
    const { hub, log, turns, publish } = openHub();
    const page = poll(hub, [{ channel: "c", start: since(0) }], { maxMessages: 1 }, true);
    await settled();
    await log.broadcast("c", [number(1), number(2)]);
    await publish("c", 3);
    turns.end();
    expect(short(await page.result)).toMatchObject({
      messages: "c ephemeral, c ephemeral, c e1.1",
      cursors: "c 0–1",
    });
  });

  test("is told when the log begins another life, and what that holds", async () => {
    let double: LogDouble | undefined;
    const { hub, turns } = openHub({ wrap: (inner) => (double = new LogDouble(inner)) });
    const page = poll(hub, [{ channel: "c", start: since(0) }], {}, true);
    await settled();
    const next = openHub({ epoch: "e2" });
    await next.publish("c", 1);
    await double?.restart(next.log);
    await turns.settle();
    expect(short(await page.result)).toEqual({
      messages: "c e2.1",
      cursors: "c 0–1",
      gaps: "c epoch null",
      caughtUp: true,
    });
  });

  test("takes nothing more of a channel that was cut, though flushes come before the page can end", async () => {
    let double: LogDouble | undefined;
    const { hub, log, turns } = openHub({ wrap: (inner) => (double = new LogDouble(inner)) });
    startReader(hub);
    await settled();
    (double as LogDouble).isSlow = true;
    const requests = ["c", "slow"].map((channel) => ({ channel, start: since(0) }));
    const page = poll(hub, requests, { maxBytes: 1_000 }, true);
    await settled();
    await log.append("c", [sized(300), sized(300)]); // the second does not fit, and there is room for a smaller one
    turns.end();
    await log.append("c", [sized(1)]);
    turns.end();
    (double as LogDouble).isSlow = false;
    double?.release();
    expect(short(await page.result)).toMatchObject({
      messages: "c e1.1",
      cursors: "c 0–1, slow 0–0",
      caughtUp: false,
    });
  });

  test("goes on with a channel that falls behind while another one is still being read", async () => {
    let double: LogDouble | undefined;
    const { hub, turns } = openHub({ wrap: (inner) => (double = new LogDouble(inner)) });
    startReader(hub);
    await settled();
    (double as LogDouble).isSlow = true;
    const page = poll(
      hub,
      ["c", "slow"].map((channel) => ({ channel, start: since(0) })),
      {},
      true,
    );
    await settled(); // `c` is live, and the log is yet to answer for the other one
    const next = openHub({ epoch: "e2" });
    await next.publish("c", 1);
    await double?.restart(next.log);
    (double as LogDouble).isSlow = false;
    double?.release();
    await turns.settle();
    expect(short(await page.result)).toMatchObject({
      messages: "c e2.1",
      gaps: "slow epoch null, c epoch null",
    });
  });

  test("reads a channel once that falls behind in the very step that made it live", async () => {
    const { hub, log, turns } = openHub({ maxFlushBytes: 100 });
    startReader(hub);
    await settled();
    const page = poll(hub, [{ channel: "c", start: since(0) }], {}, true);
    void log.append("c", [sized(5_000)]); // more than may be pending: all go back to the log, at once
    await turns.settle();
    expect(short(await page.result)).toMatchObject({ messages: "c e1.1", cursors: "c 0–1" });
  });

  test("costs no read of the log when it comes back to the head of a followed channel", async () => {
    let double: LogDouble | undefined;
    const { hub, turns, publish } = openHub({ wrap: (inner) => (double = new LogDouble(inner)) });
    startReader(hub);
    await publish("c", 1);
    await turns.settle();
    const calls = double?.calls.length;
    const page = poll(hub, [{ channel: "c", start: since(1) }], {}, true);
    await publish("c", 2);
    turns.end();
    expect(short(await page.result)).toMatchObject({ messages: "c e1.2" });
    expect(double?.calls).toHaveLength(calls as number);
  });
});
