import { expect, test } from "vitest";
import { eventFilter, Reader } from "../src/index.ts";
import { CountingFormat, cursor, number, openHub, PAGE, settled, sized, text } from "./support/fixtures.ts";
import { CountingOutput } from "./support/counting-output.ts";
import { LogDouble } from "./support/log-double.ts";
import { RecordingSink, startReader } from "./support/recording-sink.ts";

const READERS = 256;

test("a flush is encoded once for a lane, and handed to each of its readers in one call", async () => {
  const { hub, turns, publish } = openHub();
  const format = new CountingFormat();
  const sinks = Array.from({ length: READERS }, () => startReader(hub, { format }).sink);
  await settled();
  await publish("c", 1);
  await publish("c", 2, 3);
  await turns.settle();
  expect(format.writes).toBe(3);
  for (const { batches, told } of sinks) expect([batches, told.at(-1)]).toEqual([1, "c/1=1;c/2=2;c/3=3;"]);
  expect(hub.live.messages).toBe(3 * READERS);
});

test("connections get one write a flush, and all of them the same bytes, uncopied", async () => {
  const { hub, turns, publish } = openHub();
  const outputs = Array.from({ length: READERS }, () => new CountingOutput());
  for (const output of outputs) void output.connect(hub).subscribe({ channel: "c", start: { at: "latest" } });
  await turns.settle();
  for (const output of outputs) output.writes.length = 0;
  await publish("c", 1);
  await publish("c", 2);
  turns.end();
  const [shared] = (outputs[0] as CountingOutput).writes;
  for (const { writes } of outputs) {
    expect(writes).toHaveLength(1);
    expect(writes[0]).toBe(shared);
  }
});

test("a connection of 1,000 channels gets one write for a flush of all of them", async () => {
  const { hub, turns, publish } = openHub();
  const output = new CountingOutput();
  const connection = output.connect(hub);
  const channels = Array.from({ length: READERS }, (_, at) => `c${at}`);
  for (const channel of channels) void connection.subscribe({ channel, start: { at: "latest" } });
  await turns.settle();
  output.writes.length = 0;
  for (const channel of channels) await publish(channel, 7);
  turns.end();
  expect(output.writes).toHaveLength(1);
  expect(output.text.match(/"data":7/g)).toHaveLength(READERS);
});

test("readers with the same filter, however it was written, share a lane", async () => {
  const { hub, log, turns } = openHub();
  const format = new CountingFormat();
  const first = startReader(hub, { format, filter: eventFilter(["x", "y"]) });
  const second = startReader(hub, { format, filter: eventFilter(["y", "x", "y"]) });
  await settled();
  await log.append("c", [number(1, "x"), number(2, "z"), number(3, "y")]);
  await turns.settle();
  expect(format.writes).toBe(2);
  for (const { told } of [first, second]) expect(told.at(-1)).toBe("c/1=1;c/3=3;");
});

test("a flush that a filter lets nothing through of is no call", async () => {
  const { hub, log, turns } = openHub();
  const { sink } = startReader(hub, { filter: eventFilter(["x"]) });
  await settled();
  await log.append("c", [number(1, "y")]);
  await turns.settle();
  expect(sink.batches).toBe(0);
  expect(hub.live.messages).toBe(0);
});

test("nothing is encoded for a lane that nobody is live in", async () => {
  const { hub, turns, publish } = openHub();
  const format = new CountingFormat();
  const { reader } = startReader(hub, { format });
  startReader(hub, { format: new CountingFormat("another") });
  await settled();
  reader.stop();
  await publish("c", 1);
  await turns.settle();
  expect(format.writes).toBe(0);
});

test("ephemeral messages between kept ones stay in their place, in the same call", async () => {
  const { hub, log, turns, publish } = openHub();
  const { sink, told } = startReader(hub);
  await settled();
  await log.broadcast("c", [number(90)]);
  await publish("c", 1);
  await log.broadcast("c", [number(91), number(92)]);
  await publish("c", 2);
  await turns.settle();
  expect(sink.batches).toBe(1);
  expect(told.at(-1)).toBe("c/0=90;c/1=1;c/0=91;c/0=92;c/2=2;");
});

test("a flush of more than its bytes is spread over turns, whole messages at a time, in order", async () => {
  const { hub, log, turns } = openHub({ maxFlushBytes: 1_000 });
  const { told } = startReader(hub);
  await settled();
  await log.append("c", [sized(500), sized(500), sized(500), sized(5_000), sized(1)]);
  const flushes = [];
  while (!turns.isIdle) {
    turns.end();
    flushes.push(told.splice(2).join(""));
  }
  expect(flushes).toEqual(["c/1=500 bytes;c/2=500 bytes;", "c/3=500 bytes;c/4=5000 bytes;", "c/5=1 bytes;"]);
});

test("a reader that begins between two parts of a flush gets the rest of it, and what comes after", async () => {
  const { hub, log, turns } = openHub({ maxFlushBytes: 100 });
  startReader(hub);
  await settled();
  await log.append("c", [sized(100), sized(101), sized(102)]);
  turns.end();
  const behind = startReader(hub, { start: { at: "cursor", cursor: cursor("e1", 0) } });
  const between = startReader(hub, { start: { at: "cursor", cursor: cursor("e1", 2) } });
  const latest = startReader(hub);
  await turns.settle();
  await log.append("c", [sized(103)]);
  await turns.settle();
  const after = (told: readonly string[]): string => told.filter((line) => line.startsWith("c/")).join("");
  expect(after(behind.told)).toBe("c/1=100 bytes;c/2=101 bytes;c/3=102 bytes;c/4=103 bytes;");
  expect(after(between.told)).toBe("c/3=102 bytes;c/4=103 bytes;");
  expect(after(latest.told)).toBe("c/4=103 bytes;");
});

test("a reader that is ahead of the hub gets only what it lacks", async () => {
  let double: LogDouble | undefined;
  const { hub, turns, publish } = openHub({ wrap: (log) => (double = new LogDouble(log)) });
  const there = startReader(hub);
  await settled();
  (double as LogDouble).isLate = true;
  await publish("c", 1, 2);
  const ahead = startReader(hub, { start: { at: "earliest" } });
  await settled();
  expect(ahead.told).toEqual(["opened e1.0", "c/1=1;c/2=2;", "caught up at e1.2"]);
  await publish("c", 3);
  double?.report();
  double?.report();
  await turns.settle();
  expect(there.told.at(-1)).toBe("c/1=1;c/2=2;c/3=3;");
  expect(ahead.told.at(-1)).toBe("c/3=3;");
  expect(ahead.reader.cursor).toEqual(cursor("e1", 3));
});

test("a reader that joins in the middle of a delivery stands after it", async () => {
  const { hub, turns, publish } = openHub();
  const first = startReader(hub);
  await settled();
  const late: RecordingSink[] = [];
  first.sink.before = (call) => {
    if (call !== "batch" || late.length > 0) return;
    for (const start of [{ at: "latest" }, { at: "earliest" }] as const)
      late.push(startReader(hub, { start }).sink);
    const sink = new RecordingSink();
    const reader = new Reader(
      hub,
      {
        channel: "c",
        start: { at: "cursor", cursor: cursor("e1", 0) },
        format: new CountingFormat(),
        limits: PAGE,
      },
      sink,
    );
    void reader.step(); // from the recent end, within the very call
    late.push(sink);
  };
  await publish("c", 1);
  await turns.settle();
  await publish("c", 2);
  await turns.settle();
  expect(late.map(({ told }) => told)).toEqual([
    ["opened e1.1", "caught up at e1.1", "c/2=2;"],
    ["opened e1.0", "c/1=1;", "caught up at e1.1", "c/2=2;"],
    ["opened e1.0", "c/1=1;", "caught up at e1.1", "c/2=2;"],
  ]);
});

test("a reader that another one's sink stops in the middle of a delivery gets nothing of it any more", async () => {
  const { hub, turns, publish } = openHub();
  const [first, second, third] = [startReader(hub), startReader(hub), startReader(hub)];
  await settled();
  first.sink.before = (call) => call === "batch" && second.reader.stop();
  await publish("c", 1);
  await turns.settle();
  expect([first, second, third].map(({ sink }) => sink.batches)).toEqual([1, 0, 1]);
  expect(second.reader.cursor).toEqual(cursor("e1", 0));
});

test("a reader that another one's sink sends back to the log in the middle of a delivery gets it once", async () => {
  const { hub, turns, publish } = openHub();
  const [first, second] = [startReader(hub), startReader(hub)];
  await settled();
  first.sink.before = (call) => call === "batch" && second.reader.fallBehind();
  for (const value of [1, 2, 3]) {
    await publish("c", value);
    await turns.settle();
  }
  const messages = second.told.filter((line) => line.startsWith("c/")).join("");
  expect(messages).toBe("c/1=1;c/2=2;c/3=3;");
});

test("a sink that cannot even say whether it has room ends its reader alone", async () => {
  const { hub, turns, publish } = openHub();
  const readers = Array.from({ length: 3 }, () => startReader(hub));
  await settled();
  Object.defineProperty(readers[1]?.sink, "isBlocked", {
    get() {
      throw new Error("broken");
    },
  });
  await publish("c", 1);
  await turns.settle();
  expect(readers.map(({ told }) => told.at(-1))).toEqual(["c/1=1;", "failed: broken", "c/1=1;"]);
});

test("a batch is written to memory of the hub's own, mixed flushes too", async () => {
  const allocated: number[] = [];
  const allocate = (size: number): Uint8Array => {
    allocated.push(size);
    return new Uint8Array(size);
  };
  const { hub, log, turns, publish } = openHub({ allocate });
  const connection = new CountingOutput().connect(hub);
  void connection.subscribe({ channel: "c", start: { at: "latest" } });
  const { told } = startReader(hub);
  await turns.settle();
  allocated.length = 0;
  await publish("c", 1);
  await log.broadcast("c", [number(90)]);
  await turns.settle();
  // Two chunks and their join, for each of two lanes.
  expect(allocated).toHaveLength(6);
  expect(allocated).toContain(text(new TextEncoder().encode(told.at(-1) ?? "")).length);
});

test("a message on a channel that nobody reads costs no look at the log, no turn and no encoding", async () => {
  let double: LogDouble | undefined;
  const { turns, hub } = openHub({ wrap: (log) => (double = new LogDouble(log)) });
  for (let at = 0; at < 10; at++) await (double as LogDouble).append(`c${at}`, [number(at)]);
  await turns.settle();
  expect((double as LogDouble).calls.filter((call) => !call.startsWith("append"))).toEqual([]);
  expect([turns.deferred, hub.size, hub.live.messages]).toEqual([0, 0, 0]);
});
