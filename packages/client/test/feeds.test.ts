import type { StreamFrame } from "@tidings/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createFeeds, type Feeds, type Item, type Reader } from "../src/core/feeds.ts";
import type { Wanted } from "../src/core/transport.ts";
import { tuningOf } from "../src/core/tuning.ts";

const CHANNEL = "numbers";
const LIMIT = 3;

/** A log, and a connection that reads it as a server does: what is asked is answered in order, as far as it has got. */
class Wire {
  epoch = 1;
  head = 0;
  earliest = 1;
  /** Sent, and not arrived. */
  readonly flying: StreamFrame[] = [];
  feeds!: Feeds;
  /** As polls tell it: after each page another `ok`, for where the reading stands now. */
  readonly #isPolled: boolean;
  readonly #answers = new Set<StreamFrame>();
  #at: number | undefined;
  #isLive = false;
  /** Askings of one turn that no frame came between are sent as one, the last. */
  #unsent: number | undefined;

  constructor(isPolled = false) {
    this.#isPolled = isPolled;
  }

  cursor(offset: number): string {
    return `e${this.epoch}.${offset}`;
  }

  append(): void {
    this.head++;
    if (this.#at !== undefined) this.#catchUp();
  }

  /** The log drops its oldest. */
  expire(): void {
    this.earliest = Math.max(this.earliest, this.head - 2);
  }

  /** It begins another life, with a few messages in it. */
  restart(): void {
    this.epoch++;
    this.head = 2;
    this.earliest = 1;
  }

  change(_channel: string, wanted: Wanted | undefined): boolean {
    const isInstead = this.#unsent !== undefined;
    // What was asked in the same turn is not sent any more.
    if (isInstead) this.flying.length = this.#unsent as number;
    if (this.#isPolled) {
      // Nothing of an earlier asking comes any more, but for its answer.
      const isDue = this.flying.some((frame) => this.#answers.has(frame));
      this.flying.length = 0;
      if (isDue)
        this.#answer({
          type: "error",
          channel: CHANNEL,
          code: "NOT_SUBSCRIBED",
          message: "",
          retryable: true,
        });
    }
    this.#at = this.#unsent = undefined;
    if (wanted === undefined) return isInstead;
    this.#unsent = this.flying.length;
    this.#begin(wanted);
    return isInstead;
  }

  /** The turn is over: what it asked for is on its way. */
  turn(): void {
    this.#unsent = undefined;
  }

  connect(): void {
    this.flying.length = 0;
    this.#at = this.#unsent = undefined;
    const wanted = this.feeds.wanted().get(CHANNEL);
    this.feeds.begin();
    if (wanted !== undefined) this.#begin(wanted);
  }

  arrive(count: number): void {
    for (let left = Math.min(count, this.flying.length); left > 0 && this.flying.length > 0; left--) {
      // Shifted first, so that what the frame makes the reader ask for stands where it is sent.
      this.turn();
      this.feeds.frame(this.flying.shift() as StreamFrame);
    }
    this.turn();
  }

  #begin({ since = "latest", last }: Wanted): void {
    const latest = last === undefined ? this.head : Math.max(this.earliest - 1, this.head - last);
    const isNamed = last !== undefined || since === "latest" || since === "earliest";
    const cursor = isNamed
      ? this.cursor(since === "earliest" && last === undefined ? this.earliest - 1 : latest)
      : since;
    this.#answer({ type: "ok", channel: CHANNEL, cursor });
    const [epoch = "", offset = ""] = cursor.split(".");
    let at = Number(offset);
    const to = this.cursor(this.earliest - 1);
    if (epoch !== `e${this.epoch}`) {
      this.flying.push({ type: "gap", channel: CHANNEL, reason: "epoch", from: cursor, to, missed: null });
      at = this.earliest - 1;
    } else if (at < this.earliest - 1) {
      const missed = this.earliest - 1 - at;
      this.flying.push({ type: "gap", channel: CHANNEL, reason: "expired", from: cursor, to, missed });
      at = this.earliest - 1;
    }
    this.#at = at;
    this.#isLive = false;
    this.#catchUp();
  }

  #answer(frame: StreamFrame): void {
    this.#answers.add(frame);
    this.flying.push(frame);
  }

  #catchUp(): void {
    let at = this.#at as number;
    while (at < this.head) this.flying.push(this.#message(++at));
    this.#at = at;
    if (this.#isPolled) this.flying.push({ type: "ok", channel: CHANNEL, cursor: this.cursor(at) });
    if (!this.#isLive) this.flying.push({ type: "caught-up", channel: CHANNEL, cursor: this.cursor(at) });
    this.#isLive = true;
  }

  #message(offset: number): StreamFrame {
    return { type: "message", channel: CHANNEL, cursor: this.cursor(offset), time: "", data: offset };
  }
}

/** An application that takes items as it likes. */
class Application {
  /** Where it wants to begin. */
  readonly start: string | undefined;
  readonly items: Item[] = [];
  readonly begun: string[] = [];
  reader!: Reader;
  taken = 0;
  isOver = false;

  constructor(start: string | undefined) {
    this.start = start;
  }

  get isFull(): boolean {
    return this.items.length - this.taken >= LIMIT;
  }

  write(item: Item): void {
    expect(this.isOver).toBe(false);
    this.items.push(item);
  }

  take(): void {
    if (this.isOver) return;
    this.taken = this.items.length;
    this.reader.resume();
  }

  /** Each message comes after the one before, and whatever lies between was told as a gap. */
  check(): void {
    let at = this.begun[0];
    let isCaughtUp = false;
    for (const item of this.items) {
      if (item.type === "gap") {
        // Forwards: what it has does not come again.
        const [from, to] = [at, item.to].map((cursor) => String(cursor).slice(1).split(".").map(Number));
        expect(from).not.toEqual(to);
        expect(
          [from, to].sort(
            ([epoch = 0, offset = 0] = [], [other = 0, more = 0] = []) => epoch - other || offset - more,
          ),
        ).toEqual([from, to]);
        at = item.to;
        isCaughtUp = false;
        continue;
      }
      if (item.type === "caught-up") {
        expect(isCaughtUp).toBe(false);
        isCaughtUp = true;
      }
      const [epoch, offset] = String(item.cursor).split(".");
      const [atEpoch, atOffset] = String(at).split(".");
      expect(epoch).toBe(atEpoch);
      if (item.type === "message") expect(Number(offset)).toBe(Number(atOffset) + 1);
      else expect(Number(offset)).toBe(Number(atOffset));
      at = item.cursor;
    }
  }

  get at(): string | undefined {
    const last = this.items.findLast((item) => item.type !== "caught-up");
    return last === undefined ? this.begun[0] : last.type === "gap" ? last.to : last.cursor;
  }
}

function start(isPolled = false) {
  const wire = new Wire(isPolled);
  const context = {
    tuning: tuningOf(),
    url: "http://here",
    report: (error: unknown) => expect.fail(String(error)),
  };
  const feeds = createFeeds(
    context,
    (channel, wanted) => wire.change(channel, wanted),
    () => {},
  );
  wire.feeds = feeds;
  const read = (since: string | undefined, last?: number): Application => {
    const application = new Application(last === undefined ? since : `last ${last}`);
    application.reader = feeds.read(
      CHANNEL,
      undefined,
      { since, last },
      {
        get isFull() {
          return application.isFull;
        },
        begun: (cursor) => application.begun.push(cursor),
        write: (item) => application.write(item),
        end: () => (application.isOver = true),
      },
    );
    return application;
  };
  return { wire, feeds, read };
}

/** The messages that are there before anything is read; in a new life of the log, {@link Wire.restart}, there are 2. */
const BEFORE = 4;

/** It began where it wanted to: at a cursor, ahead of what is kept, or after what was there before. */
function expectStart({ epoch, earliest }: Wire, { start, begun: [begun] }: Application): void {
  if (begun === undefined) return;
  const [own, offset] = begun.slice(1).split(".").map(Number);
  if (start?.startsWith("e1.") === true) expect(begun).toBe(start);
  else if (start === "earliest" && own === epoch) expect(offset).toBeLessThan(earliest);
  else if (start === undefined || start === "latest")
    expect(offset).toBeGreaterThanOrEqual(own === 1 ? BEFORE : 2);
}

describe("readers of one channel, wherever each of them stands", () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.constant({ kind: "append" } as const) },
    {
      weight: 8,
      arbitrary: fc.record({ kind: fc.constant("arrive" as const), count: fc.integer({ min: 1, max: 6 }) }),
    },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant("take" as const), who: fc.nat(5) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant("read" as const),
        since: fc.constantFrom("earliest", "latest", undefined, "e1.1", "e1.3"),
        last: fc.constantFrom(undefined, undefined, 2),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("stop" as const), who: fc.nat(5) }) },
    { weight: 1, arbitrary: fc.constant({ kind: "connect" } as const) },
    { weight: 1, arbitrary: fc.constant({ kind: "expire" } as const) },
    { weight: 1, arbitrary: fc.constant({ kind: "restart" } as const) },
  );

  test("each has every message after its start once and in order, or is told of the gap", () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 10, maxLength: 80 }), fc.boolean(), (steps, isPolled) => {
        const { wire, read } = start(isPolled);
        const applications: Application[] = [];
        for (let before = 0; before < BEFORE; before++) wire.append();
        for (const each of steps) {
          const one = "who" in each ? applications[each.who % Math.max(1, applications.length)] : undefined;
          if (each.kind === "append") wire.append();
          else if (each.kind === "arrive") wire.arrive(each.count);
          else if (each.kind === "take") one?.take();
          else if (each.kind === "read") {
            // A cursor that nobody was given would be one from before a life that never was.
            const since = wire.epoch > 1 && each.since?.startsWith("e1.") === true ? "earliest" : each.since;
            applications.push(read(since, each.last));
          } else if (each.kind === "stop") one?.reader.stop();
          else if (each.kind === "connect") wire.connect();
          else if (each.kind === "expire") wire.expire();
          else {
            wire.restart();
            wire.connect();
          }
          // Some of what is asked is asked in one turn.
          if (each.kind !== "read" && each.kind !== "stop") wire.turn();
        }
        for (let rounds = 0; rounds < 60; rounds++) {
          for (const each of applications) each.take();
          wire.turn();
          wire.arrive(Infinity);
        }
        for (const each of applications) {
          each.check();
          expectStart(wire, each);
          // Told since the last gap, that it has everything.
          if (!each.isOver)
            expect(each.items.findLast(({ type }) => type !== "message")?.type).toBe("caught-up");
          if (!each.isOver) expect(each.at).toBe(wire.cursor(wire.head));
        }
      }),
      { numRuns: Number(process.env["FEEDS_RUNS"] ?? 3_000) },
    );
  });

  test("a connection that is opened beside the one there is does not change what that one is answering", () => {
    const { wire, feeds, read } = start();
    for (let before = 0; before < 2; before++) wire.append();
    const coming = read("latest");
    wire.turn();
    const oldest = read("earliest");
    coming.reader.stop();
    // What it is to read is the oldest; what comes is still of the one that was asked for what comes.
    feeds.wanted();
    for (let rounds = 0; rounds < 5; rounds++) wire.arrive(Infinity);
    expect(oldest.begun).toEqual(["e1.0"]);
    oldest.check();
    expect(oldest.at).toBe("e1.2");
  });

  test("frames of a type that is not known are passed over (PROTOCOL.md, members may be added)", () => {
    const { wire, feeds, read } = start();
    wire.append();
    const reader = read("earliest");
    wire.arrive(1);
    feeds.frame({ type: "weather", channel: CHANNEL, cursor: "e1.9" } as unknown as StreamFrame);
    wire.arrive(Infinity);
    expect(reader.items.map(({ type }) => type)).toEqual(["message", "caught-up"]);
  });

  test("an asking that another one took the place of may be refused after that one was answered", () => {
    const { wire, feeds, read } = start();
    for (let before = 0; before < 3; before++) wire.append();
    const oldest = read("earliest");
    wire.turn();
    wire.flying.length = 0;
    const coming = read("latest");
    wire.arrive(Infinity);
    feeds.frame({
      type: "error",
      channel: CHANNEL,
      code: "NOT_SUBSCRIBED",
      message: "it was ended before its reading had begun.",
      retryable: false,
    });
    wire.append();
    for (let rounds = 0; rounds < 5; rounds++) {
      for (const each of [oldest, coming]) each.take();
      wire.arrive(Infinity);
    }
    expect([oldest.isOver, coming.isOver]).toEqual([false, false]);
    for (const each of [oldest, coming]) {
      each.check();
      expect(each.at).toBe(wire.cursor(wire.head));
    }
  });
});
