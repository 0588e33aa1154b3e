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
  #at: number | undefined;
  #isLive = false;

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

  change(_channel: string, wanted: Wanted | undefined): void {
    this.#at = undefined;
    if (wanted !== undefined) this.#begin(wanted);
  }

  connect(): void {
    this.flying.length = 0;
    this.#at = undefined;
    this.feeds.begin();
    const wanted = this.feeds.wanted().get(CHANNEL);
    if (wanted !== undefined) this.#begin(wanted);
  }

  arrive(count: number): void {
    for (const frame of this.flying.splice(0, count)) this.feeds.frame(frame);
  }

  #begin({ since = "latest", last }: Wanted): void {
    const latest = last === undefined ? this.head : Math.max(this.earliest - 1, this.head - last);
    const isNamed = last !== undefined || since === "latest" || since === "earliest";
    const cursor = isNamed
      ? this.cursor(since === "earliest" && last === undefined ? this.earliest - 1 : latest)
      : since;
    this.flying.push({ type: "ok", channel: CHANNEL, cursor });
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

  #catchUp(): void {
    let at = this.#at as number;
    while (at < this.head) this.flying.push(this.#message(++at));
    this.#at = at;
    if (!this.#isLive) this.flying.push({ type: "caught-up", channel: CHANNEL, cursor: this.cursor(at) });
    this.#isLive = true;
  }

  #message(offset: number): StreamFrame {
    return { type: "message", channel: CHANNEL, cursor: this.cursor(offset), time: "", data: offset };
  }
}

/** An application that takes items as it likes. */
class Application {
  readonly items: Item[] = [];
  readonly begun: string[] = [];
  reader!: Reader;
  taken = 0;
  isOver = false;

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
    for (const item of this.items) {
      if (item.type === "gap") {
        at = item.to;
        continue;
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

function start() {
  const wire = new Wire();
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
    const application = new Application();
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
      fc.property(fc.array(step, { minLength: 10, maxLength: 80 }), (steps) => {
        const { wire, read } = start();
        const applications: Application[] = [];
        for (let before = 0; before < 4; before++) wire.append();
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
        }
        for (let rounds = 0; rounds < 60; rounds++) {
          for (const each of applications) each.take();
          wire.arrive(Infinity);
        }
        for (const each of applications) {
          each.check();
          if (!each.isOver) expect(each.at).toBe(wire.cursor(wire.head));
        }
      }),
      { numRuns: 3_000 },
    );
  });

  test("an asking that another one took the place of may be refused after that one was answered", () => {
    const { wire, feeds, read } = start();
    for (let before = 0; before < 3; before++) wire.append();
    const oldest = read("earliest");
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
