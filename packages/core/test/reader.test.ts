import type { Batch } from "@tidings/protocol";
import { describe, expect, test } from "vitest";
import { eventFilter, Reader, type ReaderSink } from "../src/index.ts";
import { CountingFormat, cursor, number, offset, openHub, PAGE, settled, text } from "./support/fixtures.ts";
import { LogDouble } from "./support/log-double.ts";
import { type Call, RecordingSink, startReader } from "./support/recording-sink.ts";

describe("where a reader begins", () => {
  test("since a cursor: with what comes after it, and not the message at it", async () => {
    const { hub, publish } = openHub();
    await publish("c", 1, 2, 3);
    const { told } = startReader(hub, { start: { at: "cursor", cursor: cursor("e1", 1) } });
    await settled();
    expect(told).toEqual(["opened e1.1", "c/2=2;c/3=3;", "caught up at e1.3"]);
  });

  test("earliest: with the oldest message held, and no gap for those that went before anyone asked", async () => {
    const { hub, publish } = openHub({ retention: { maxMessages: 2 } });
    await publish("c", 1, 2, 3);
    const { told } = startReader(hub, { start: { at: "earliest" } });
    await settled();
    expect(told).toEqual(["opened e1.1", "c/2=2;c/3=3;", "caught up at e1.3"]);
  });

  test("latest: with what comes next, and not with a publish that was acknowledged before", async () => {
    const { hub, turns, publish } = openHub();
    startReader(hub); // the channel is followed, and what is published now waits for the end of the turn
    await settled();
    await publish("c", 1);
    const { told } = startReader(hub);
    await publish("c", 2);
    await turns.settle();
    expect(told).toEqual(["opened e1.1", "caught up at e1.1", "c/2=2;"]);
  });

  test("latest on a channel that nobody follows: at the head where following begins", async () => {
    const { hub, turns, publish } = openHub();
    await publish("c", 1, 2);
    const { told } = startReader(hub);
    await settled();
    await publish("c", 3);
    await turns.settle();
    expect(told).toEqual(["opened e1.2", "caught up at e1.2", "c/3=3;"]);
  });

  test("at a channel that nobody ever wrote to, every start stands before the first message", async () => {
    const { hub, turns, publish } = openHub();
    const starts = [
      { at: "latest" },
      { at: "earliest" },
      { at: "last", count: 5 },
      { at: "cursor", cursor: cursor("e1", 0) },
    ] as const;
    const begun = starts.map((start) => startReader(hub, { start }));
    await settled();
    await publish("c", 1);
    await turns.settle();
    for (const { told } of begun) expect(told).toEqual(["opened e1.0", "caught up at e1.0", "c/1=1;"]);
  });

  test("last N: with the newest N, with all where there are fewer, and with none for 0", async () => {
    const { hub, publish } = openHub();
    await publish("c", 1, 2, 3);
    const [two, nine, none] = [2, 9, 0].map((count) => startReader(hub, { start: { at: "last", count } }));
    await settled();
    expect(two?.told).toEqual(["opened e1.1", "c/2=2;c/3=3;", "caught up at e1.3"]);
    expect(nine?.told).toEqual(["opened e1.0", "c/1=1;c/2=2;c/3=3;", "caught up at e1.3"]);
    expect(none?.told).toEqual(["opened e1.3", "caught up at e1.3"]);
  });

  test("last N through a filter: with the newest N that it lets through", async () => {
    const { hub, log } = openHub();
    await log.append("c", [number(1, "x"), number(2, "y"), number(3, "x"), number(4, "y"), number(5, "y")]);
    const { told } = startReader(hub, { start: { at: "last", count: 1 }, filter: eventFilter(["x"]) });
    await settled();
    expect(told).toEqual(["opened e1.2", "c/3=3;", "caught up at e1.5"]);
  });

  test("the log is not read by a reader that begins at the head of a followed channel", async () => {
    let double: LogDouble | undefined;
    const { hub, turns, publish } = openHub({ wrap: (log) => (double = new LogDouble(log)) });
    startReader(hub);
    await publish("c", 1);
    await turns.settle();
    const calls = double?.calls.length;
    startReader(hub);
    const { told } = startReader(hub, { start: { at: "cursor", cursor: cursor("e1", 1) } });
    expect(told).toEqual(["opened e1.1", "caught up at e1.1"]);
    expect(double?.calls).toHaveLength(calls as number);
  });
});

describe("gaps", () => {
  test("a cursor below what is held is told how many messages are missing, and reads on from the earliest", async () => {
    const { hub, publish } = openHub({ retention: { maxMessages: 2 } });
    await publish("c", 1, 2, 3, 4, 5);
    const { told } = startReader(hub, { start: { at: "cursor", cursor: cursor("e1", 1) } });
    await settled();
    expect(told).toEqual([
      "opened e1.1",
      "gap expired e1.1 to e1.3, 2 missed",
      "c/4=4;c/5=5;",
      "caught up at e1.5",
    ]);
  });

  test("a cursor right before the earliest message held misses nothing", async () => {
    const { hub, publish } = openHub({ retention: { maxMessages: 2 } });
    await publish("c", 1, 2, 3, 4, 5);
    const { told } = startReader(hub, { start: { at: "cursor", cursor: cursor("e1", 3) } });
    await settled();
    expect(told).toEqual(["opened e1.3", "c/4=4;c/5=5;", "caught up at e1.5"]);
  });

  test("a channel truncated whole leaves a gap up to its head, and none for a reader that was there", async () => {
    const { hub, log, publish } = openHub();
    await publish("c", 1, 2);
    await log.truncate("c");
    const behind = startReader(hub, { start: { at: "cursor", cursor: cursor("e1", 1) } });
    const there = startReader(hub, { start: { at: "cursor", cursor: cursor("e1", 2) } });
    await settled();
    expect(behind.told).toEqual(["opened e1.1", "gap expired e1.1 to e1.2, 1 missed", "caught up at e1.2"]);
    expect(there.told).toEqual(["opened e1.2", "caught up at e1.2"]);
  });

  test.each([true, false])(
    "a cursor of another life of the log reads all that this one holds (followed: %s)",
    async (isFollowed) => {
      const { hub, turns, publish } = openHub();
      if (isFollowed) startReader(hub);
      await settled();
      await publish("c", 1, 2);
      await turns.settle();
      for (const at of [1, 2, 900]) {
        const { told } = startReader(hub, { start: { at: "cursor", cursor: cursor("e0", at) } });
        await settled();
        expect(told).toEqual([
          `opened e0.${at}`,
          `gap epoch e0.${at} to e1.0, unknown missed`,
          "c/1=1;c/2=2;",
          "caught up at e1.2",
        ]);
      }
    },
  );

  test.each([true, false])(
    "a cursor ahead of the head reads on at the head (followed: %s)",
    async (isFollowed) => {
      const { hub, turns, publish } = openHub();
      if (isFollowed) startReader(hub);
      await settled();
      await publish("c", 1, 2);
      await turns.settle();
      const { told } = startReader(hub, { start: { at: "cursor", cursor: cursor("e1", 7) } });
      await settled();
      await publish("c", 3);
      await turns.settle();
      expect(told).toEqual([
        "opened e1.7",
        "gap ahead e1.7 to e1.2, unknown missed",
        "caught up at e1.2",
        "c/3=3;",
      ]);
    },
  );

  test("the cursor of an append that was acknowledged, and not passed on yet, is not ahead", async () => {
    const { hub, turns, publish } = openHub();
    startReader(hub);
    await settled();
    await publish("c", 1, 2);
    const { told } = startReader(hub, { start: { at: "cursor", cursor: cursor("e1", 2) } });
    const between = startReader(hub, { start: { at: "cursor", cursor: cursor("e1", 1) } });
    await settled();
    await publish("c", 3);
    await turns.settle();
    expect(told).toEqual(["opened e1.2", "caught up at e1.2", "c/3=3;"]);
    expect(between.told).toEqual(["opened e1.1", "caught up at e1.1", "c/2=2;c/3=3;"]);
  });

  test("the cursor of an append that the tail has not even reported is not ahead", async () => {
    let double: LogDouble | undefined;
    const { hub, turns, publish } = openHub({ wrap: (log) => (double = new LogDouble(log)) });
    startReader(hub);
    await settled();
    (double as LogDouble).isLate = true;
    await publish("c", 1, 2);
    const { told, reader } = startReader(hub, { start: { at: "cursor", cursor: cursor("e1", 2) } });
    await settled();
    expect(reader.state).toBe("live");
    double?.report();
    await publish("c", 3);
    double?.report();
    await turns.settle();
    expect(told).toEqual(["opened e1.2", "caught up at e1.2", "c/3=3;"]);
  });

  test.each([
    ["expired", cursor("e1", 1)],
    ["epoch", cursor("e0", 4)],
    ["ahead", cursor("e1", 9)],
  ] as const)(
    "with gap=fail a reader ends rather than pass over a gap (%s), before anything was told",
    async (reason, at) => {
      const { hub, publish } = openHub({ retention: { maxMessages: 2 } });
      await publish("c", 1, 2, 3, 4, 5);
      const { reader, told, sink } = startReader(hub, { start: { at: "cursor", cursor: at }, onGap: "fail" });
      await settled();
      expect(told).toEqual(["failed: CURSOR_GONE"]);
      expect(sink.errors).toMatchObject([{ details: { gap: { reason, from: `${at.epoch}.${at.offset}` } } }]);
      expect(reader.state).toBe("done");
      expect(reader.cursor).toEqual(at);
    },
  );

  test("with gap=fail a live reader that falls out of what is held ends too", async () => {
    const { hub, turns, publish } = openHub({ retention: { maxMessages: 2 }, recentBytes: 0 });
    const { told, sink } = startReader(hub, { onGap: "fail" });
    await turns.settle();
    sink.isBlocked = true;
    await publish("c", 1, 2, 3);
    await turns.settle();
    sink.isBlocked = false;
    await sink.resume();
    expect(told).toEqual(["opened e1.0", "caught up at e1.0", "fell behind", "failed: CURSOR_GONE"]);
  });
});

describe("states", () => {
  test("a reader reads page after page, is live at the head in the same turn, and gets what is appended then", async () => {
    const { hub, turns, publish } = openHub();
    await publish("c", 1, 2, 3, 4, 5);
    const { reader, told } = startReader(hub, {
      start: { at: "earliest" },
      limits: { ...PAGE, maxMessages: 2 },
    });
    expect(reader.state).toBe("catching-up");
    await settled();
    expect(reader.state).toBe("live");
    await publish("c", 6);
    await turns.settle();
    expect(told).toEqual([
      "opened e1.0",
      "c/1=1;c/2=2;",
      "c/3=3;c/4=4;",
      "c/5=5;",
      "caught up at e1.5",
      "c/6=6;",
    ]);
  });

  test("what is appended while it reads its last page is read from the log, or comes live, and never both", async () => {
    let double: LogDouble | undefined;
    const { hub, turns, publish } = openHub({ wrap: (log) => (double = new LogDouble(log)) });
    await publish("c", 1);
    (double as LogDouble).isSlow = true;
    const { told } = startReader(hub, { start: { at: "earliest" } });
    await publish("c", 2); // after the read
    double?.release();
    await settled();
    await publish("c", 3); // after the look at the head that following begins with
    double?.release();
    await settled();
    await publish("c", 4); // while it reads what came between
    while (double?.waiting !== 0) {
      double?.release();
      await turns.settle();
    }
    expect(told.filter((line) => line.startsWith("c/")).join("")).toBe("c/1=1;c/2=2;c/3=3;c/4=4;");
  });

  test("a live reader whose sink has no room falls behind with its cursor, and is given nothing until it is driven", async () => {
    const { hub, turns, publish } = openHub();
    const { reader, told, sink } = startReader(hub);
    await turns.settle();
    await publish("c", 1);
    await turns.settle();
    sink.isBlocked = true;
    await publish("c", 2);
    await turns.settle();
    await publish("c", 3);
    await turns.settle();
    expect(reader.state).toBe("catching-up");
    expect(reader.cursor).toEqual(cursor("e1", 1));
    sink.isBlocked = false;
    await sink.resume();
    expect(reader.state).toBe("live");
    expect(told).toEqual([
      "opened e1.0",
      "caught up at e1.0",
      "c/1=1;",
      "fell behind",
      "c/2=2;c/3=3;",
      "caught up at e1.3",
    ]);
  });

  test("a reader that stops at the head is done there, and its cursor stays readable", async () => {
    const { hub, publish } = openHub();
    await publish("c", 1, 2);
    const { reader, told } = startReader(hub, { start: { at: "earliest" }, stopsAtHead: true });
    await settled();
    expect(told).toEqual(["opened e1.0", "c/1=1;c/2=2;", "caught up at e1.2"]);
    expect([reader.state, reader.cursor]).toEqual(["done", cursor("e1", 2)]);
    expect(hub.size).toBe(0);
  });

  test("a reader that stops at the head asks the log, and misses nothing that the hub has not passed on", async () => {
    const { hub, publish } = openHub();
    startReader(hub);
    await settled();
    await publish("c", 1);
    const { told } = startReader(hub, {
      start: { at: "cursor", cursor: cursor("e1", 0) },
      stopsAtHead: true,
    });
    const latest = startReader(hub, { stopsAtHead: true });
    await settled();
    expect(told).toEqual(["opened e1.0", "c/1=1;", "caught up at e1.1"]);
    expect(latest.told).toEqual(["opened e1.1", "caught up at e1.1"]);
  });

  test("a filter lets through what it names, and the cursor passes over the rest", async () => {
    const { hub, log, turns } = openHub();
    await log.append("c", [number(1, "x"), number(2, "y")]);
    const { reader, told } = startReader(hub, { start: { at: "earliest" }, filter: eventFilter(["x", "z"]) });
    await settled();
    await log.append("c", [number(3, "y"), number(4, "z")]);
    await turns.settle();
    await log.append("c", [number(5, "y")]);
    await turns.settle();
    expect(told).toEqual(["opened e1.0", "c/1=1;", "caught up at e1.2", "c/4=4;"]);
    expect(reader.cursor).toEqual(cursor("e1", 5));
  });

  test("another life of the log is told to a live reader as a gap, and all that it holds follows", async () => {
    let double: LogDouble | undefined;
    const first = openHub({ wrap: (log) => (double = new LogDouble(log)) });
    const { told, reader } = startReader(first.hub);
    await settled();
    await first.publish("c", 1, 2);
    await first.turns.settle();
    await first.publish("c", 3); // durable, and lost before it was passed on
    const second = openHub({ epoch: "e2" });
    await second.publish("c", 10, 11);
    await double?.restart(second.log);
    await first.turns.settle();
    await second.publish("c", 12);
    await first.turns.settle();
    expect(told).toEqual([
      "opened e1.0",
      "caught up at e1.0",
      "c/1=1;c/2=2;",
      "fell behind",
      "gap epoch e1.2 to e2.0, unknown missed",
      "c/1=10;c/2=11;",
      "caught up at e2.2",
      "c/3=12;",
    ]);
    expect(reader.cursor).toEqual(cursor("e2", 3));
  });

  test("stepping a reader that is live or done does nothing", async () => {
    const { hub } = openHub();
    const { reader, told } = startReader(hub);
    await settled();
    await reader.step();
    reader.stop();
    reader.stop();
    await reader.step();
    expect(told).toEqual(["opened e1.0", "caught up at e1.0"]);
  });

  test("the cursor is unknown until the log has told where a start stands", async () => {
    const { hub } = openHub();
    const { reader } = startReader(hub, { start: { at: "last", count: 1 } });
    expect(reader.cursor).toBeUndefined();
    reader.stop();
    await settled();
    expect(reader.cursor).toBeUndefined();
  });
});

describe("ephemeral messages", () => {
  test("reach live readers in their place among those kept, and move no cursor", async () => {
    const { hub, log, turns, publish } = openHub();
    const { reader, told } = startReader(hub);
    await settled();
    await publish("c", 1);
    await log.broadcast("c", [number(90)]);
    await publish("c", 2);
    await log.broadcast("c", [number(91)]);
    await turns.settle();
    await log.broadcast("c", [number(92)]);
    await turns.settle();
    expect(told.slice(2)).toEqual(["c/1=1;c/0=90;c/2=2;c/0=91;", "c/0=92;"]);
    expect(reader.cursor).toEqual(cursor("e1", 2));
  });

  test("do not reach a reader that is behind, then or later", async () => {
    const { hub, log, turns, publish } = openHub();
    const { told, sink } = startReader(hub);
    await settled();
    sink.isBlocked = true;
    await log.broadcast("c", [number(90)]);
    await publish("c", 1);
    await turns.settle();
    await log.broadcast("c", [number(91)]);
    await turns.settle();
    sink.isBlocked = false;
    await sink.resume();
    await turns.settle();
    expect(told.slice(2)).toEqual(["fell behind", "c/1=1;", "caught up at e1.1"]);
  });

  test("that were published before a message which a reader has read from the log do not follow it", async () => {
    const { hub, log, turns, publish } = openHub();
    startReader(hub);
    await settled();
    await log.broadcast("c", [number(90)]);
    await publish("c", 1);
    const { told } = startReader(hub, { start: { at: "earliest" } });
    await turns.settle();
    expect(told).toEqual(["opened e1.0", "c/1=1;", "caught up at e1.1"]);
  });
});

describe("sinks that act while they are called", () => {
  const calls: readonly Call[] = ["opened", "batch", "gap", "caughtUp"];

  test.each(calls)("stop() in %s: nothing is told after it, from the log", async (at) => {
    const { hub, turns, publish } = openHub({ retention: { maxMessages: 3 } });
    await publish("c", 1, 2, 3, 4, 5);
    const { told } = startReader(hub, { start: { at: "cursor", cursor: cursor("e1", 0) } }, stoppingAt(at));
    await settled();
    await publish("c", 6);
    await turns.settle();
    const whole = [
      "opened e1.0",
      "gap expired e1.0 to e1.2, 2 missed",
      "c/3=3;c/4=4;c/5=5;",
      "caught up at e1.5",
    ];
    expect(told).toEqual(whole.slice(0, { opened: 1, gap: 2, batch: 3, caughtUp: 4 }[at as "opened"]));
    expect(hub.get("c")?.users ?? 0).toBe(0);
  });

  test.each(["opened", "batch", "caughtUp"] as const)(
    "stop() in %s: nothing is told after it, from the hub",
    async (at) => {
      const { hub, turns, publish } = openHub();
      startReader(hub);
      await settled();
      await publish("c", 1, 2);
      await turns.settle();
      const { told, reader } = startReader(
        hub,
        { start: { at: "cursor", cursor: cursor("e1", 0) } },
        stoppingAt(at),
      );
      await publish("c", 3);
      await turns.settle();
      expect(told).toEqual(
        ["opened e1.0", "c/1=1;c/2=2;", "caught up at e1.2"].slice(
          0,
          { opened: 1, batch: 2, caughtUp: 3 }[at],
        ),
      );
      expect(reader.cursor).toEqual(cursor("e1", at === "opened" ? 0 : 2));
      expect(hub.get("c")?.users).toBe(1);
    },
  );

  test("stop() of a live reader in its batch: the batch counts as handed over", async () => {
    const { hub, turns, publish } = openHub();
    const { told, reader, sink } = startReader(hub);
    await settled();
    sink.before = (call, each) => call === "batch" && each.stop();
    await publish("c", 1);
    await turns.settle();
    await publish("c", 2);
    await turns.settle();
    expect(told).toEqual(["opened e1.0", "caught up at e1.0", "c/1=1;"]);
    expect(reader.cursor).toEqual(cursor("e1", 1));
  });

  test("a reader stopped by another one's batch keeps the cursor of what it was handed", async () => {
    const { hub, turns, publish } = openHub();
    const first = startReader(hub);
    const second = startReader(hub);
    const other = startReader(hub, { format: new CountingFormat("another") });
    await settled();
    first.sink.before = (call) => {
      if (call !== "batch") return;
      second.reader.stop();
      other.reader.stop();
    };
    await publish("c", 1);
    await turns.settle();
    for (const { reader, told } of [second, other]) {
      expect(told).toEqual(["opened e1.0", "caught up at e1.0"]);
      expect(reader.cursor).toEqual(cursor("e1", 0));
    }
    expect(first.reader.cursor).toEqual(cursor("e1", 1));
  });

  test("a sink that has the channel let go while a reader opens does not leave it where nothing comes", async () => {
    const { hub, turns, publish } = openHub({ lingerMs: 0 });
    const gone = startReader(hub);
    await settled();
    await publish("c", 1);
    await turns.settle();
    gone.reader.stop();
    const sink = new RecordingSink();
    sink.before = (call) => {
      if (call !== "batch") return;
      hub.sweep();
      hub.sweep();
    };
    const { told } = startReader(hub, { start: { at: "cursor", cursor: cursor("e1", 0) } }, sink);
    await settled();
    await publish("c", 2);
    await turns.settle();
    expect(told).toEqual(["opened e1.0", "c/1=1;", "caught up at e1.1", "c/2=2;"]);
  });

  test("a publish in any call is passed on in its turn", async () => {
    const { hub, turns, publish } = openHub();
    await publish("c", 1);
    const sink = new RecordingSink();
    const published: Call[] = [];
    sink.before = (call) => {
      if (published.includes(call)) return;
      published.push(call);
      void publish("c", 100 + published.length);
    };
    const { told } = startReader(hub, { start: { at: "earliest" } }, sink);
    await turns.settle();
    expect(published).toEqual(["opened", "batch", "caughtUp"]);
    expect(told.filter((line) => line.startsWith("c/")).join("")).toBe("c/1=1;c/2=101;c/3=102;c/4=103;");
  });

  test.each(calls)(
    "a sink that throws in %s ends its own reader, is told why, and costs nobody else a message",
    async (at) => {
      const { hub, turns, publish } = openHub({ retention: { maxMessages: 3 } });
      const good = startReader(hub);
      await settled();
      await publish("c", 1, 2, 3, 4, 5);
      await turns.settle();
      const sink = new RecordingSink();
      sink.before = (call) => {
        if (call === at) throw new Error("broken");
      };
      const { told, reader } = startReader(hub, { start: { at: "cursor", cursor: cursor("e1", 0) } }, sink);
      const late = startReader(hub);
      await turns.settle();
      await publish("c", 6);
      await turns.settle();
      expect(told.at(-1)).toBe("failed: broken");
      expect(reader.state).toBe("done");
      expect(good.told.slice(2)).toEqual(["c/1=1;c/2=2;c/3=3;c/4=4;c/5=5;", "c/6=6;"]);
      expect(late.told.at(-1)).toBe("c/6=6;");
    },
  );

  test("a live sink that throws in every call it gets ends its own reader alone", async () => {
    const { hub, turns, publish } = openHub();
    const sinks = [new RecordingSink(), new RecordingSink(), new RecordingSink()] as const;
    const [first, bad, last] = sinks.map((sink) => startReader(hub, {}, sink));
    await settled();
    sinks[1].before = () => {
      throw new Error("broken");
    };
    await publish("c", 1);
    await turns.settle();
    await publish("c", 2);
    await turns.settle();
    expect(bad?.reader.state).toBe("done");
    for (const good of [first, last]) expect(good?.told.slice(2)).toEqual(["c/1=1;", "c/2=2;"]);
  });

  test("a blocked sink that throws when it is told that it fell behind ends its own reader alone", async () => {
    const { hub, turns, publish } = openHub();
    const bad = startReader(hub);
    const good = startReader(hub);
    await settled();
    bad.sink.isBlocked = true;
    bad.sink.before = () => {
      throw new Error("broken");
    };
    await publish("c", 1);
    await turns.settle();
    expect(bad.reader.state).toBe("done");
    expect(good.told.at(-1)).toBe("c/1=1;");
  });
});

test("a log that fails ends the reader that met it, with its error, and not the others", async () => {
  let double: LogDouble | undefined;
  const { hub, turns, publish } = openHub({ wrap: (log) => (double = new LogDouble(log)) });
  const good = startReader(hub);
  await settled();
  double?.failures.set("read", new Error("no disk"));
  const bad = startReader(hub, { start: { at: "earliest" } });
  await settled();
  await publish("c", 1);
  await turns.settle();
  expect(bad.told).toEqual(["failed: no disk"]);
  expect(good.told.at(-1)).toBe("c/1=1;");
});

test("a batch handed to a sink names each message's end and offset", async () => {
  const { hub, publish } = openHub();
  await publish("c", 1, 22);
  const batches: Batch[] = [];
  const sink: ReaderSink = {
    isBlocked: false,
    opened: () => undefined,
    batch: (_, batch) => void batches.push(batch),
    gap: () => undefined,
    caughtUp: () => undefined,
    fellBehind: () => undefined,
    failed: () => undefined,
  };
  const reader = new Reader(
    hub,
    { channel: "c", start: { at: "earliest" }, format: new CountingFormat(), limits: PAGE },
    sink,
  );
  await reader.step();
  expect(batches).toMatchObject([{ ends: [6, 13], offsets: [offset(1), offset(2)] }]);
  expect(text((batches[0] as Batch).bytes)).toBe("c/1=1;c/2=22;");
});

function stoppingAt(at: Call): RecordingSink {
  const sink = new RecordingSink();
  sink.before = (call, reader) => {
    if (call === at) reader.stop();
  };
  return sink;
}
