import { formatPosition, ndjsonFormat, TidingsError, type WireFormat } from "@tidings/protocol";
import { describe, expect, test } from "vitest";
import type { Hub, Start } from "../src/index.ts";
import { CountingOutput, jsonCodec } from "./support/counting-output.ts";
import { cursor, number, openHub, PAGE, settled, sized } from "./support/fixtures.ts";
import { LogDouble } from "./support/log-double.ts";

const LATEST: Start = { at: "latest" };
const EARLIEST: Start = { at: "earliest" };

/** Frames in short: `ok c e1.0`, `message c e1.1`, `caught-up c e1.1`. */
function short(frames: readonly Record<string, unknown>[]): string[] {
  return frames.map(({ type, id, channel, cursor: at, from, to, code, data }) =>
    [type, id, channel, at, from, to, code, at === undefined ? data : undefined]
      .flatMap((part) => (part === undefined ? [] : [String(part as string | number)]))
      .join(" "),
  );
}

/** After each frame of a connection with a position, its position. */
const positionCodec = {
  ...jsonCodec(ndjsonFormat),
  position: (cursors: Parameters<typeof formatPosition>[0]) => {
    return new TextEncoder().encode(
      `${JSON.stringify({ type: "position", data: formatPosition(cursors) })}\n`,
    );
  },
};

function connect(
  hub: Hub,
  options?: Parameters<CountingOutput["connect"]>[1],
): {
  readonly output: CountingOutput;
  readonly connection: ReturnType<CountingOutput["connect"]>;
} {
  const output = new CountingOutput();
  return { output, connection: output.connect(hub, options) };
}

describe("subscribing", () => {
  test("is answered by ok with the request's id and cursor, before the channel's messages, in one write", async () => {
    const { hub, turns, publish } = openHub();
    await publish("c", 1, 2);
    const { connection, output } = connect(hub);
    const opened = connection.subscribe({
      channel: "c",
      start: { at: "cursor", cursor: cursor("e1", 1) },
      id: "7",
    });
    expect(await opened).toEqual(cursor("e1", 1));
    await turns.settle();
    expect(output.writes).toHaveLength(1);
    expect(short(output.take())).toEqual(["ok 7 c e1.1", "message c e1.2", "caught-up c e1.2"]);
  });

  test("to a channel that is read already is refused, and the reading goes on", async () => {
    const { hub, turns, publish } = openHub();
    const { connection, output } = connect(hub);
    await connection.subscribe({ channel: "c", start: LATEST });
    await expect(connection.subscribe({ channel: "c", start: EARLIEST })).rejects.toMatchObject({
      code: "ALREADY_SUBSCRIBED",
    });
    await publish("c", 1);
    await turns.settle();
    expect(short(output.take()).at(-1)).toBe("message c e1.1");
  });

  test("to more channels than the limit is refused, and possible again after one has ended", async () => {
    const { hub } = openHub();
    const { connection } = connect(hub, { maxChannels: 2 });
    for (const channel of ["a", "b"]) await connection.subscribe({ channel, start: LATEST });
    await expect(connection.subscribe({ channel: "c", start: LATEST })).rejects.toMatchObject({
      code: "TOO_MANY_CHANNELS",
    });
    connection.unsubscribe("a");
    await connection.subscribe({ channel: "c", start: LATEST });
    expect(connection.channels).toEqual(["b", "c"]);
  });

  test("only to some events brings these alone", async () => {
    const { hub, log, turns } = openHub();
    const { connection, output } = connect(hub);
    await connection.subscribe({ channel: "c", start: LATEST, events: ["x"] });
    await log.append("c", [number(1, "x"), number(2, "y")]);
    await turns.settle();
    expect(short(output.take()).slice(2)).toEqual(["message c e1.1"]);
  });

  test("that fails before it has begun rejects, and writes nothing", async () => {
    let double: LogDouble | undefined;
    const { hub, turns } = openHub({ wrap: (log) => (double = new LogDouble(log)) });
    double?.failures.set("read", new Error("no disk"));
    const lost: string[] = [];
    const { connection, output } = connect(hub);
    output.lost = (channel) => void lost.push(channel);
    await expect(connection.subscribe({ channel: "c", start: EARLIEST })).rejects.toThrow("no disk");
    const gone = connection.subscribe({
      channel: "d",
      start: { at: "cursor", cursor: cursor("e0", 1) },
      onGap: "fail",
    });
    await expect(gone).rejects.toThrow("no disk");
    double?.failures.clear();
    const again = connection.subscribe({
      channel: "d",
      start: { at: "cursor", cursor: cursor("e0", 1) },
      onGap: "fail",
    });
    await expect(again).rejects.toMatchObject({ code: "CURSOR_GONE" });
    await turns.settle();
    expect([output.writes, connection.channels, lost]).toEqual([[], [], []]);
  });

  test("on a closed connection is refused", async () => {
    const { hub } = openHub();
    const { connection } = connect(hub);
    connection.close();
    await expect(connection.subscribe({ channel: "c", start: LATEST })).rejects.toMatchObject({
      code: "NOT_SUBSCRIBED",
    });
  });
});

describe("unsubscribing", () => {
  test("answers where the channel stood, and nothing of it comes any more", async () => {
    const { hub, turns, publish } = openHub();
    const { connection, output } = connect(hub);
    await connection.subscribe({ channel: "c", start: LATEST });
    await publish("c", 1);
    await turns.settle();
    await publish("c", 2);
    expect(connection.unsubscribe("c")).toEqual({ cursor: cursor("e1", 1) });
    await turns.settle();
    expect(short(output.take()).at(-1)).toBe("message c e1.1");
    expect(connection.unsubscribe("c")).toBeUndefined();
    expect(hub.get("c")?.users).toBe(0);
  });

  test("during the opening rejects it, and a new subscription begins anew", async () => {
    let double: LogDouble | undefined;
    const { hub, turns, publish } = openHub({ wrap: (log) => (double = new LogDouble(log)) });
    await publish("c", 1);
    (double as LogDouble).isSlow = true;
    const { connection, output } = connect(hub);
    const opening = connection.subscribe({ channel: "c", start: EARLIEST });
    expect(connection.unsubscribe("c")).toEqual({ cursor: undefined });
    await expect(opening).rejects.toMatchObject({ code: "NOT_SUBSCRIBED" });
    const again = connection.subscribe({ channel: "c", start: EARLIEST });
    (double as LogDouble).isSlow = false;
    while (double?.waiting !== 0) double?.release();
    await again;
    await turns.settle();
    expect(short(output.take())).toEqual(["ok c e1.0", "message c e1.1", "caught-up c e1.1"]);
  });

  test("and subscribing anew in the turn of a flush keeps what was handed over before in its place", async () => {
    const { hub, turns, publish } = openHub();
    const { connection, output } = connect(hub);
    await connection.subscribe({ channel: "c", start: EARLIEST });
    await publish("c", 1);
    await turns.settle();
    await publish("c", 2);
    const other = connect(hub);
    other.output.write = () => {
      // In the middle of the flush, from another connection's output.
      connection.unsubscribe("c");
      void connection.subscribe({ channel: "c", start: { at: "cursor", cursor: cursor("e1", 1) } });
    };
    await other.connection.subscribe({ channel: "d", start: LATEST });
    await turns.settle();
    expect(short(output.take())).toEqual([
      "ok c e1.0",
      "caught-up c e1.0",
      "message c e1.1",
      "message c e1.2",
      "ok c e1.1",
      "message c e1.2",
      "caught-up c e1.2",
    ]);
  });
});

describe("caught-up", () => {
  test("is told once after the start, and again only after a gap", async () => {
    const { hub, log, turns, publish } = openHub({ recentBytes: 0 });
    const { connection, output } = connect(hub);
    await connection.subscribe({ channel: "c", start: LATEST });
    await turns.settle();
    expect(short(output.take())).toEqual(["ok c e1.0", "caught-up c e1.0"]);

    output.isBlocked = true;
    await publish("c", 1, 2);
    await turns.settle();
    output.isBlocked = false;
    connection.resume();
    await turns.settle();
    expect(short(output.take())).toEqual(["message c e1.1", "message c e1.2"]);

    output.isBlocked = true;
    await publish("c", 3, 4, 5);
    await turns.settle();
    await log.truncate("c");
    output.isBlocked = false;
    connection.resume();
    await turns.settle();
    expect(short(output.take())).toEqual(["gap c e1.2 e1.5", "caught-up c e1.5"]);
  });

  test("comes after the gap that a start begins with, and after what is held", async () => {
    const { hub, turns, publish } = openHub({ retention: { maxMessages: 1 } });
    await publish("c", 1, 2, 3);
    const { connection, output } = connect(hub);
    await connection.subscribe({ channel: "c", start: { at: "cursor", cursor: cursor("e1", 0) } });
    await turns.settle();
    expect(short(output.take())).toEqual([
      "ok c e1.0",
      "gap c e1.0 e1.2",
      "message c e1.3",
      "caught-up c e1.3",
    ]);
  });
});

describe("errors", () => {
  test("a channel that fails after it was opened is told by an error frame, and the others go on", async () => {
    let double: LogDouble | undefined;
    const { hub, turns, publish } = openHub({ recentBytes: 0, wrap: (log) => (double = new LogDouble(log)) });
    const lost: unknown[] = [];
    const { connection, output } = connect(hub, {
      toError: () => new TidingsError("LOG_UNAVAILABLE", "the log is away."),
    });
    output.lost = (channel, error) => void lost.push(channel, error);
    await connection.subscribe({ channel: "a", start: LATEST, id: "1" });
    await connection.subscribe({ channel: "b", start: LATEST, id: "2" });
    await turns.settle();
    output.take();
    output.isBlocked = true;
    await publish("a", 1);
    await turns.settle();
    const fault = new Error("no disk");
    double?.failures.set("read", fault);
    output.isBlocked = false;
    connection.resume();
    await turns.settle();
    expect(output.take()).toEqual([
      {
        type: "error",
        id: "1",
        channel: "a",
        code: "LOG_UNAVAILABLE",
        message: "the log is away.",
        retryable: true,
      },
    ]);
    expect(lost).toEqual(["a", fault]);
    expect(connection.channels).toEqual(["b"]);
    await publish("b", 1);
    await turns.settle();
    expect(short(output.take())).toEqual(["message b e1.1"]);
  });

  test("an output that throws ends its own connection, and no other reader loses anything", async () => {
    const { hub, turns, publish } = openHub();
    const broken: unknown[] = [];
    const bad = connect(hub);
    bad.output.broken = (error) => void broken.push(error);
    const good = connect(hub);
    for (const { connection } of [bad, good]) {
      await connection.subscribe({ channel: "a", start: LATEST });
      await connection.subscribe({ channel: "b", start: LATEST });
    }
    await turns.settle();
    good.output.take();
    const fault = new Error("write after end");
    bad.output.write = () => {
      throw fault;
    };
    for (const value of [1, 2]) {
      await publish("a", value);
      await publish("b", value);
      await turns.settle();
    }
    expect(broken).toEqual([fault]);
    expect(bad.connection.isClosed).toBe(true);
    expect(short(good.output.take())).toEqual([
      "message a e1.1",
      "message b e1.1",
      "message a e1.2",
      "message b e1.2",
    ]);
  });
});

describe("writing", () => {
  test("a frame of the connection's own is written at once, after what was handed over before it", async () => {
    const { hub, publish } = openHub();
    await publish("c", 1);
    const { connection, output } = connect(hub);
    connection.send({ type: "pong" });
    expect(short(output.take())).toEqual(["pong"]);
    await connection.subscribe({ channel: "c", start: EARLIEST });
    await settled();
    expect(output.writes).toEqual([]);
    connection.send({ type: "pong" });
    expect(output.writes).toHaveLength(1);
    expect(short(output.take())).toEqual(["ok c e1.0", "message c e1.1", "caught-up c e1.1", "pong"]);
  });

  test("a frame sent during a flush goes out with it, in its place, in one write", async () => {
    const { hub, turns, publish } = openHub();
    const { connection, output } = connect(hub);
    const format: WireFormat = {
      name: "sending",
      write: (...given) => {
        connection.send({ type: "pong" });
        ndjsonFormat.write(...given);
      },
    };
    const other = connect(hub, { codec: jsonCodec(format) });
    await other.connection.subscribe({ channel: "b", start: LATEST });
    for (const channel of ["a", "b"]) await connection.subscribe({ channel, start: LATEST });
    await turns.settle();
    output.take();
    await publish("a", 1);
    await publish("b", 1); // encoded for the other connection first, which has the frame sent
    await turns.settle();
    expect(output.writes).toHaveLength(1);
    expect(short(output.take())).toEqual(["message a e1.1", "pong", "message b e1.1"]);
  });

  test("a codec without words for a frame writes nothing for it", () => {
    const { hub } = openHub();
    const codec = { format: ndjsonFormat, frame: () => new Uint8Array(), json: () => new Uint8Array() };
    const { connection, output } = connect(hub, { codec });
    connection.send({ type: "heartbeat" });
    expect(output.writes).toEqual([]);
  });

  test("close writes what was handed over, and nothing follows", async () => {
    const { hub, turns, publish } = openHub();
    await publish("c", 1);
    const { connection, output } = connect(hub);
    await connection.subscribe({ channel: "c", start: EARLIEST });
    await settled();
    connection.close();
    connection.close();
    expect(short(output.take())).toEqual(["ok c e1.0", "message c e1.1", "caught-up c e1.1"]);
    connection.send({ type: "pong" });
    connection.resume();
    await publish("c", 2);
    await turns.settle();
    expect(output.writes).toEqual([]);
    expect(connection.channels).toEqual([]);
    expect(hub.get("c")?.users).toBe(0);
  });

  test("close while channels are being opened, read and flushed ends them all", async () => {
    let double: LogDouble | undefined;
    const { hub, turns, publish } = openHub({ wrap: (log) => (double = new LogDouble(log)) });
    const { connection, output } = connect(hub);
    await connection.subscribe({ channel: "live", start: LATEST });
    await turns.settle();
    (double as LogDouble).isSlow = true;
    const opening = connection.subscribe({ channel: "opening", start: EARLIEST });
    await publish("live", 1);
    const first = connect(hub);
    first.output.write = () => connection.close();
    first.connection.send({ type: "pong" });
    await expect(opening).rejects.toMatchObject({ code: "NOT_SUBSCRIBED" });
    output.take();
    double?.release();
    await turns.settle();
    expect(output.writes).toEqual([]);
  });
});

describe("a position of several channels", () => {
  test("follows all that moves it, once a turn, and names where each channel stands", async () => {
    const { hub, turns, publish } = openHub();
    const { connection, output } = connect(hub, { codec: positionCodec });
    for (const channel of ["a", "b"]) void connection.subscribe({ channel, start: LATEST });
    await turns.settle();
    expect(output.writes).toHaveLength(1);
    expect(short(output.take())).toEqual([
      "ok a e1.0",
      "caught-up a e1.0",
      "ok b e1.0",
      "caught-up b e1.0",
      "position a@e1.0,b@e1.0",
    ]);
    await publish("a", 1, 2);
    await publish("b", 1);
    await turns.settle();
    expect(output.writes).toHaveLength(1);
    expect(short(output.take())).toEqual([
      "message a e1.1",
      "message a e1.2",
      "message b e1.1",
      "position a@e1.2,b@e1.1",
    ]);
  });

  test("is not written again where nothing has moved", async () => {
    const { hub, turns } = openHub();
    const { connection, output } = connect(hub, { codec: positionCodec });
    await connection.subscribe({ channel: "a", start: LATEST });
    await turns.settle();
    output.take();
    connection.send({ type: "pong" });
    expect(short(output.take())).toEqual(["pong"]);
  });

  test("never claims what has not been handed over, when it is written in the middle of a flush", async () => {
    const { hub, turns, publish } = openHub();
    const closed = connect(hub, { codec: positionCodec });
    const format: WireFormat = {
      name: "closing",
      write: (...given) => {
        closed.connection.close();
        ndjsonFormat.write(...given);
      },
    };
    const closing = connect(hub, { codec: jsonCodec(format) });
    await closing.connection.subscribe({ channel: "b", start: LATEST });
    for (const channel of ["a", "b"]) await closed.connection.subscribe({ channel, start: LATEST });
    await turns.settle();
    closed.output.take();
    await publish("a", 1);
    await publish("b", 1); // encoded, and closing, before it is handed over
    await turns.settle();
    expect(short(closed.output.take())).toEqual(["message a e1.1", "position a@e1.1,b@e1.0"]);
  });
});

describe("a slow output", () => {
  test("is handed two pages at most before it can say that it is full, and goes on exactly there", async () => {
    const { hub, log, turns } = openHub();
    await log.append(
      "c",
      Array.from({ length: 100 }, () => sized(300)),
    );
    const { connection, output } = connect(hub, { pageLimits: { maxMessages: 1_000, maxBytes: 2_000 } });
    const sizes: number[] = [];
    output.write = (bytes) => {
      CountingOutput.prototype.write.call(output, bytes);
      sizes.push(bytes.length);
      output.isBlocked = true;
    };
    await connection.subscribe({ channel: "c", start: EARLIEST });
    await turns.settle();
    for (let writes = 0; writes < sizes.length;) {
      writes = sizes.length;
      output.isBlocked = false;
      connection.resume();
      await turns.settle();
    }
    for (const size of sizes) expect(size).toBeLessThan(6_000);
    const offsets = output.take().flatMap(({ type, cursor: at }) => (type === "message" ? [at] : []));
    expect(offsets).toEqual(Array.from({ length: 100 }, (_, at) => `e1.${at + 1}`));
  });

  test("costs no more after 10 MB of traffic than after 10 KB", async () => {
    const { hub, log, turns } = openHub({ retention: { maxMessages: 100 } });
    const { connection, output } = connect(hub, { pageLimits: { maxMessages: 1_000, maxBytes: 20_000 } });
    for (let at = 0; at < 10; at++) await connection.subscribe({ channel: `c${at}`, start: LATEST });
    await turns.settle();
    output.isBlocked = true;
    output.take();
    for (let round = 0; round < 100; round++) {
      for (let at = 0; at < 10; at++) await log.append(`c${at}`, [sized(10_000)]);
      await turns.settle();
    }
    expect(output.bytes).toBe(0);
    expect(connection.behind).toBe(10);
    output.isBlocked = false;
    connection.resume();
    output.isBlocked = true;
    await turns.settle();
    expect(output.bytes).toBeLessThan(40_000);
  });

  test("a flush of many channels hands over no more than a page, and the rest in the turns after it", async () => {
    const { hub, log, turns } = openHub();
    const { connection, output } = connect(hub, { pageLimits: { maxMessages: 1_000, maxBytes: 20_000 } });
    for (let at = 0; at < 50; at++) await connection.subscribe({ channel: `c${at}`, start: LATEST });
    await turns.settle();
    output.take();
    for (let at = 0; at < 50; at++) await log.append(`c${at}`, [sized(3_000)]);
    await turns.settle();
    for (const { length } of output.writes) expect(length).toBeLessThan(25_000);
    expect(output.take()).toHaveLength(50);
    expect(connection.behind).toBe(0);
  });

  test("channels that are behind take turns, a page each", async () => {
    const { hub, turns, publish } = openHub();
    for (const channel of ["a", "b"]) await publish(channel, 1, 2, 3, 4);
    const { connection, output } = connect(hub, { pageLimits: { ...PAGE, maxMessages: 2 } });
    for (const channel of ["a", "b"]) void connection.subscribe({ channel, start: EARLIEST });
    await turns.settle();
    const order = output.take().filter(({ type }) => type === "message");
    expect(order.map(({ channel }) => channel).join("")).toBe("aabbaabb");
  });

  test("tells since when it is behind, and since when its output takes nothing; the hub counts such readers", async () => {
    const { hub, turns, publish, clock } = openHub();
    const { connection, output } = connect(hub);
    for (const channel of ["a", "b"]) await connection.subscribe({ channel, start: LATEST });
    await turns.settle();
    expect([connection.lagging, hub.behind]).toEqual([undefined, 0]);
    output.isBlocked = true;
    clock.nowMs = 1_005_000;
    await publish("a", 1);
    await turns.settle();
    clock.nowMs = 1_009_000;
    await publish("b", 1);
    await turns.settle();
    const { readers, sinceMs, waitsSinceMs } = connection.lagging ?? {};
    expect([...(readers ?? [])].map(({ channel }) => channel)).toEqual(["a", "b"]);
    expect([sinceMs, waitsSinceMs, hub.behind]).toEqual([1_005_000, 1_005_000, 2]);
    connection.unsubscribe("b");
    expect([connection.lagging?.sinceMs, hub.behind]).toEqual([1_005_000, 1]);
    output.isBlocked = false;
    connection.resume();
    await turns.settle();
    expect([connection.lagging, hub.behind]).toEqual([undefined, 0]);
    // One message was taken from the log by the reader that was behind, and none live.
    expect([hub.replayed.messages, hub.live.messages]).toEqual([1, 0]);
    connection.close();
    expect(hub.behind).toBe(0);
  });

  test("behind counts the channels that are not live", async () => {
    const { hub, turns, publish } = openHub();
    const { connection, output } = connect(hub);
    output.isBlocked = true;
    for (const channel of ["a", "b"]) void connection.subscribe({ channel, start: LATEST });
    expect(connection.behind).toBe(2);
    output.isBlocked = false;
    connection.resume();
    await turns.settle();
    expect(connection.behind).toBe(0);
    await publish("a", 1);
    output.isBlocked = true;
    await turns.settle();
    expect(connection.behind).toBe(1);
    connection.unsubscribe("a");
    expect(connection.behind).toBe(0);
  });
});

test("each channel's cursor can be asked for, of those that are known yet", async () => {
  let double: LogDouble | undefined;
  const { hub, publish } = openHub({ wrap: (log) => (double = new LogDouble(log)) });
  const { connection } = connect(hub);
  await publish("a", 1);
  await connection.subscribe({ channel: "a", start: EARLIEST });
  await settled();
  (double as LogDouble).isSlow = true;
  void connection.subscribe({ channel: "b", start: EARLIEST }).catch(() => undefined);
  expect([...connection.cursors()]).toEqual([["a", cursor("e1", 1)]]);
});
