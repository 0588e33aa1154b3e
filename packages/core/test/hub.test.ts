import type { Message, WireFormat } from "@tidings/protocol";
import { describe, expect, test } from "vitest";
import { Hub, type Log } from "../src/index.ts";
import {
  CountingFormat,
  cursor,
  number,
  offset,
  openHub,
  settled,
  sized,
  Turns,
} from "./support/fixtures.ts";
import { LogDouble } from "./support/log-double.ts";
import { startReader } from "./support/recording-sink.ts";

/** A hub on a log whose answers the test gives. */
function openSlow(
  options: Parameters<typeof openHub>[0] = {},
): ReturnType<typeof openHub> & { readonly double: LogDouble } {
  let double: LogDouble | undefined;
  const opened = openHub({ ...options, wrap: (log) => (double = new LogDouble(log)) });
  return { ...opened, double: double as LogDouble };
}

function kept(at: number): Message {
  return { ...number(at), offset: offset(at), timeMs: 0 };
}

describe("following", () => {
  test("a channel is followed once for all who ask for it at the same time", async () => {
    const { hub, double } = openSlow();
    await Promise.all([hub.open("c"), hub.open("c"), hub.open("c")]);
    await hub.open("c");
    expect(double.calls).toEqual(["follow"]);
  });

  test("what is appended above the head that following begins with, before it has begun, is passed on", async () => {
    const { hub, double, turns, publish } = openSlow();
    double.isSlow = true;
    const { told } = startReader(hub, { start: { at: "cursor", cursor: cursor("e1", 0) } });
    double.release(); // the log has nothing, so the reader has the channel followed
    await settled();
    await publish("c", 1);
    double.release();
    await publish("c", 2);
    await turns.settle();
    expect(told).toEqual(["opened e1.0", "caught up at e1.0", "c/1=1;c/2=2;"]);
  });

  test("a tail that says it is cut sends readers back to the log, which tells them what is gone", async () => {
    const { hub, double, turns, publish } = openSlow({ retention: { maxMessages: 2 } });
    const { told } = startReader(hub);
    await settled();
    double.isLate = true;
    await publish("c", 1, 2, 3, 4);
    double.lose();
    double.isLate = false;
    double.tell({ channel: "c", epoch: "e1", earliest: offset(3), messages: [], isCut: true });
    await settled();
    await turns.settle();
    expect(told.slice(2)).toEqual([
      "fell behind",
      "gap expired e1.0 to e1.2, 2 missed",
      "c/3=3;c/4=4;",
      "caught up at e1.4",
    ]);
  });

  test("what the tail reports at or below the head that following begins with is not passed on", async () => {
    const { hub, double, turns, publish } = openSlow();
    double.isSlow = true;
    double.looksAtOnce = () => false;
    const { told } = startReader(hub);
    double.isSlow = false;
    await double.follow("c"); // so that the tail reports already while the hub waits for its answer
    await publish("c", 1, 2);
    double.release();
    await settled();
    double.tell({ channel: "c", epoch: "e1", earliest: offset(1), messages: [kept(2)] });
    await publish("c", 3);
    await turns.settle();
    expect(told).toEqual(["opened e1.2", "caught up at e1.2", "c/3=3;"]);
  });

  test("ephemeral messages that were reported before following had begun were for nobody here", async () => {
    const { hub, log, double, turns } = openSlow();
    double.isSlow = true;
    const { told } = startReader(hub);
    await log.broadcast("c", [number(90)]);
    double.release();
    await turns.settle();
    expect(told).toEqual(["opened e1.0", "caught up at e1.0"]);
  });

  test("a log that began another life before it answered is asked again", async () => {
    const { hub, double, turns } = openSlow();
    double.isSlow = true;
    const { told } = startReader(hub);
    const next = openHub({ epoch: "e2" });
    await next.publish("c", 7, 8);
    await double.restart(next.log); // the answer on its way is of the life before
    double.isSlow = false;
    double.release();
    await settled();
    await next.publish("c", 9);
    await turns.settle();
    expect(told).toEqual(["opened e2.2", "caught up at e2.2", "c/3=9;"]);
  });

  test("a log that answers of its new life before the tail tells is not sent back to the old one", async () => {
    const { hub, double, turns } = openSlow();
    const next = openHub({ epoch: "e2" });
    double.isSlow = true;
    double.looksAtOnce = () => false;
    const { told } = startReader(hub);
    double.isSlow = false;
    await double.follow("c");
    double.tell({ channel: "c", epoch: "e1", earliest: offset(1), messages: [kept(1)] });
    await double.restart(next.log);
    while (double.waiting > 0) double.release();
    await turns.settle();
    await next.publish("c", 9);
    await turns.settle();
    expect(told).toEqual(["opened e2.0", "caught up at e2.0", "c/1=9;"]);
  });

  test("a new life that holds more than was reported is read from the log, all of it", async () => {
    const { hub, double, turns } = openSlow();
    const live = startReader(hub);
    await settled();
    const next = openHub({ epoch: "e2" });
    await next.publish("c", 1, 2, 3);
    await double.restart(next.log);
    await turns.settle();
    await next.publish("c", 4);
    await turns.settle();
    const late = startReader(hub, { start: { at: "cursor", cursor: cursor("e2", 0) } });
    await turns.settle();
    expect(live.told.at(-1)).toBe("c/4=4;");
    for (const { told } of [live, late])
      expect(told.filter((line) => line.startsWith("c/")).join("")).toBe("c/1=1;c/2=2;c/3=3;c/4=4;");
  });

  test("a new life that the log shows before the tail tells of it is followed at once", async () => {
    const { hub, double, turns } = openSlow();
    const live = startReader(hub);
    await settled();
    double.isLate = true;
    const next = openHub({ epoch: "e2" });
    await next.publish("c", 1);
    await double.restart(next.log);
    const { told, reader } = startReader(hub, { start: { at: "earliest" } });
    await turns.settle();
    expect(told).toEqual(["opened e2.0", "c/1=1;", "caught up at e2.1"]);
    expect([reader.state, live.reader.state]).toEqual(["live", "live"]);
    expect(live.told.at(-2)).toBe("c/1=1;");
  });
});

describe("a log that fails", () => {
  test("to follow ends the readers that asked, and a later one can begin", async () => {
    const { hub, double, turns, publish } = openSlow();
    double.failures.set("follow", new Error("no broker"));
    const [first, second] = [startReader(hub), startReader(hub, { start: { at: "earliest" } })];
    await settled();
    expect(first.told).toEqual(["failed: no broker"]);
    expect(second.told).toEqual(["opened e1.0", "failed: no broker"]);
    double.failures.clear();
    const { told } = startReader(hub);
    await settled();
    await publish("c", 1);
    await turns.settle();
    expect(told.at(-1)).toBe("c/1=1;");
  });

  test("to follow by throwing, and not by rejecting, does no other harm", async () => {
    const { log } = openHub();
    let isBroken = true;
    const throwing = new Proxy<Log>(log, {
      get: (target, name) => {
        if (name === "follow" && isBroken) {
          return () => {
            throw new Error("broken");
          };
        }
        const member = Reflect.get(target, name) as unknown;
        return typeof member === "function" ? (member.bind(target) as unknown) : member;
      },
    });
    const hub = new Hub({ log: throwing, defer: new Turns().defer, nowMs: () => 0 });
    await expect(hub.open("c")).rejects.toThrow("broken");
    isBroken = false;
    await hub.open("c");
    expect(hub.size).toBe(1);
  });
});

describe("flushing", () => {
  test("what is appended during one turn, on any channels, is one flush", async () => {
    const { hub, turns, publish } = openHub();
    const a = startReader(hub, { channel: "a" });
    const b = startReader(hub, { channel: "b" });
    await settled();
    turns.deferred = 0;
    await publish("a", 1);
    await publish("b", 2);
    await publish("a", 3);
    turns.end();
    expect(turns.deferred).toBe(1);
    expect(a.told.at(-1)).toBe("a/1=1;a/2=3;");
    expect(b.told.at(-1)).toBe("b/1=2;");
  });

  test("a flush listener is called when the flush under way is over", async () => {
    const { hub, turns, publish } = openHub();
    const calls: string[] = [];
    const listener = { flushed: () => void calls.push(`flushed, ${hub.isFlushing}`) };
    for (const channel of ["a", "b"]) {
      const { sink } = startReader(hub, { channel });
      sink.before = (call) => {
        if (call !== "batch") return;
        calls.push(channel);
        if (channel === "a") hub.afterFlush(listener);
      };
    }
    await settled();
    await publish("a", 1);
    await publish("b", 1);
    turns.end();
    expect(calls).toEqual(["a", "b", "flushed, false"]);
  });

  test("a flush listener that comes when nothing is to be flushed is called at the end of the turn all the same", () => {
    const { hub, turns } = openHub();
    let calls = 0;
    hub.afterFlush({ flushed: () => calls++ });
    expect(calls).toBe(0);
    turns.end();
    expect(calls).toBe(1);
    expect(turns.isIdle).toBe(true);
  });

  test("more than 16 flushes' worth of pending messages sends the readers back to the log: the hub is no queue", async () => {
    const { hub, log, double, turns } = openSlow({ maxFlushBytes: 1_000 });
    const { told } = startReader(hub);
    await turns.settle();
    for (let at = 0; at < 20; at++) await log.append("c", [sized(1_000)]);
    expect(double.calls).toContain("unfollow");
    expect(told).toContain("fell behind");
    await log.append("c", [sized(7)]);
    await turns.settle();
    await log.append("c", [sized(8)]);
    await turns.settle();
    const messages = told.join("").match(/c\/\d+/g) ?? [];
    expect(messages).toEqual(Array.from({ length: 22 }, (_, at) => `c/${at + 1}`));
  });

  test("a channel that is flushed in parts is never taken for one that is too far behind", async () => {
    const { hub, log, double, turns } = openSlow({ maxFlushBytes: 1_000 });
    const { told } = startReader(hub);
    await turns.settle();
    for (let at = 0; at < 50; at++) {
      await log.append("c", [sized(900), sized(900)]);
      await turns.settle();
    }
    expect(double.calls).not.toContain("unfollow");
    expect(told).not.toContain("fell behind");
  });

  test("a message that cannot be encoded ends those who would read it, and nobody else", async () => {
    const { hub, turns, publish } = openHub();
    const broken: WireFormat = {
      name: "broken",
      write: () => {
        throw new Error("no such character");
      },
    };
    const bad = startReader(hub, { channel: "a", format: broken });
    const good = startReader(hub, { channel: "a" });
    const other = startReader(hub, { channel: "b" });
    await settled();
    await publish("a", 1);
    await publish("b", 2);
    await turns.settle();
    await publish("a", 3);
    await turns.settle();
    expect(bad.told.at(-1)).toBe("failed: no such character");
    expect(good.told.filter((line) => line.startsWith("a/")).join("")).toBe("a/1=1;a/2=3;");
    expect(other.told.at(-1)).toBe("b/1=2;");
  });
});

describe("letting go", () => {
  test("a channel that nobody has read for the linger time is let go, and followed anew for the next reader", async () => {
    const { hub, double, clock, turns, publish } = openSlow({ lingerMs: 5_000 });
    const { reader } = startReader(hub);
    await settled();
    hub.sweep();
    clock.nowMs += 60_000;
    hub.sweep();
    expect(hub.size).toBe(1);

    reader.stop();
    hub.sweep();
    clock.nowMs += 4_999;
    hub.sweep();
    expect(hub.size).toBe(1);
    clock.nowMs += 1;
    hub.sweep();
    expect(hub.size).toBe(0);
    expect(double.followed.size).toBe(0);

    await publish("c", 1);
    const { told } = startReader(hub, { start: { at: "cursor", cursor: cursor("e1", 0) } });
    await turns.settle();
    expect(told).toEqual(["opened e1.0", "c/1=1;", "caught up at e1.1"]);
  });

  test("a reader that comes back in time finds the channel still followed", async () => {
    const { hub, double, clock } = openSlow({ lingerMs: 5_000 });
    startReader(hub).reader.stop();
    await settled();
    hub.sweep();
    clock.nowMs += 4_000;
    const { reader } = startReader(hub);
    await settled();
    hub.sweep();
    reader.stop();
    clock.nowMs += 4_000;
    hub.sweep(); // the time begins anew
    expect(hub.size).toBe(1);
    expect(double.calls.filter((call) => call === "follow")).toHaveLength(1);
  });

  test("a lane that nobody is live in is let go with its encodings", async () => {
    const { hub, turns, publish } = openHub();
    const format = new CountingFormat("going");
    startReader(hub);
    const { reader } = startReader(hub, { format });
    await settled();
    await publish("c", 1);
    await turns.settle();
    reader.stop();
    hub.sweep();
    startReader(hub, { format, start: { at: "cursor", cursor: cursor("e1", 0) } });
    expect(format.writes).toBe(2);
  });

  test("users counts the readers that are live", async () => {
    const { hub } = openHub();
    const { reader } = startReader(hub);
    startReader(hub, { format: new CountingFormat("another") });
    await settled();
    expect(hub.get("c")?.users).toBe(2);
    reader.stop();
    expect(hub.get("c")?.users).toBe(1);
  });
});

describe("a hub that is closed", () => {
  test("follows nothing any more, and leaves no reader waiting in silence", async () => {
    const { hub, double } = openSlow();
    const { told } = startReader(hub);
    await settled();
    hub.close();
    await settled();
    expect(told.at(-1)).toBe("failed: LOG_UNAVAILABLE");
    expect(double.followed.size).toBe(0);
    const late = startReader(hub);
    await settled();
    expect(late.told).toEqual(["failed: LOG_UNAVAILABLE"]);
  });

  test("while a channel is being opened unfollows it again", async () => {
    const { hub, double } = openSlow();
    double.isSlow = true;
    const { told } = startReader(hub);
    hub.close();
    double.release();
    await settled();
    expect(told).toEqual(["failed: LOG_UNAVAILABLE"]);
    expect(double.followed.size).toBe(0);
  });
});

test("a channel in parts delivers to the readers of each, and lets parts go that nobody reads any more", async () => {
  const { hub, turns, publish } = openHub({ maxFlushReaders: 2 });
  const readers = Array.from({ length: 5 }, () => startReader(hub));
  await settled();
  await publish("c", 1, 2);
  await turns.settle();
  expect(hub.readersOf("c")).toBe(5);
  const [first] = readers;
  expect(first?.told.length).toBeGreaterThan(2);
  for (const { told } of readers) expect(told).toEqual(first?.told);
  for (const { reader } of readers) reader.stop();
  hub.sweep();
  expect(hub.readersOf("c")).toBe(0);
  expect(hub.get("c")?.overflow).toBeUndefined();
});

test("a reader whose place in its part was taken is not handed an ephemeral message again by a part that lags", async () => {
  const { hub, log, turns } = openHub({ maxFlushReaders: 1 });
  const { reader, sink, told } = startReader(hub);
  const other = startReader(hub);
  await settled();
  await log.broadcast("c", [number(7)]);
  turns.end(); // one full part a turn: the other's readers have not been handed it
  expect(told.filter((each) => each === "c/0=7;")).toHaveLength(1);
  expect(other.told).not.toContain("c/0=7;");
  other.reader.stop();
  sink.drives = false;
  reader.fallBehind();
  startReader(hub);
  await settled();
  await sink.resume();
  await turns.settle();
  await log.broadcast("c", [number(8)]);
  await turns.settle();
  expect(told.filter((each) => each.startsWith("c/0"))).toEqual(["c/0=7;", "c/0=8;"]);
});
