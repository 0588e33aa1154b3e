import { type Batch, type Cursor, type NewMessage, ndjsonFormat, toOffset } from "@tidings/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Conflation, type Gap, type Hub, Reader, type ReaderSink } from "../src/index.ts";
import { number, type Opened, openHub, type OpenOptions, settled } from "./support/fixtures.ts";
import { LogDouble } from "./support/log-double.ts";

const RUNS = Number(process.env["INTERLEAVINGS"] ?? 1_500);
const AGE_MS = 1_000;

interface Told {
  readonly cursor?: string;
  readonly key?: string;
  readonly data?: number;
  readonly deleted?: true;
}

/** A client of one compact channel: what it knows by what it was handed. */
class Client implements ReaderSink {
  readonly values = new Map<string, number>();
  readonly told: Told[] = [];
  readonly gaps: Gap[] = [];
  readonly errors: unknown[] = [];
  isBlocked = false;
  readonly #hub: Hub;
  readonly #page: number;
  #reader: Reader;
  #isDriving = false;

  constructor(hub: Hub, page = 1_000, cursor?: Cursor) {
    this.#hub = hub;
    this.#page = page;
    this.#reader = this.#start(cursor);
  }

  get reader(): Reader {
    return this.#reader;
  }

  /** Of messages that are kept. */
  get kept(): readonly Told[] {
    return this.told.filter(({ cursor }) => cursor !== undefined);
  }

  get ephemeral(): readonly Told[] {
    return this.told.filter(({ cursor }) => cursor === undefined);
  }

  /** Comes back where it stood, as a client that reconnects. */
  reconnect(): void {
    const { cursor } = this.#reader;
    this.#reader.stop();
    this.isBlocked = false;
    this.#reader = this.#start(cursor);
  }

  unblock(): void {
    this.isBlocked = false;
    void this.#drive();
  }

  opened(): void {}

  batch(_reader: Reader, batch: Batch): void {
    const lines = new TextDecoder().decode(batch.bytes).trimEnd().split("\n");
    for (const line of lines) this.#take(JSON.parse(line) as Told);
  }

  gap(_reader: Reader, gap: Gap): void {
    this.gaps.push(gap);
    this.values.clear();
  }

  caughtUp(): void {}

  fellBehind(): void {
    void this.#drive();
  }

  failed(_reader: Reader, error: unknown): void {
    this.errors.push(error);
  }

  #start(cursor: Cursor | undefined): Reader {
    const reader = new Reader(
      this.#hub,
      {
        channel: "c",
        start: cursor === undefined ? { at: "earliest" } : { at: "cursor", cursor },
        format: ndjsonFormat,
        limits: { maxMessages: this.#page, maxBytes: 1_048_576 },
      },
      this,
    );
    queueMicrotask(() => void this.#drive());
    return reader;
  }

  #take(message: Told): void {
    this.told.push(message);
    const { cursor, key, data, deleted } = message;
    if (cursor === undefined || key === undefined) return;
    if (deleted === true) this.values.delete(key);
    else this.values.set(key, data as number);
  }

  async #drive(): Promise<void> {
    if (this.#isDriving) return;
    this.#isDriving = true;
    while (this.#reader.state === "catching-up" && !this.isBlocked) await this.#reader.step();
    this.#isDriving = false;
  }
}

function set(key: string, value: number): NewMessage {
  return { ...number(value), key };
}

function deletion(key: string): NewMessage {
  return { event: "message", kind: "none", data: new Uint8Array(0), key };
}

function openKeyed(conflation: Conflation, options: OpenOptions = {}): Opened {
  return openHub({
    retention: { compact: true, maxAgeMs: AGE_MS },
    conflationOf: () => conflation,
    ...options,
  });
}

/** What the log is about. */
async function stateOf({ log }: Opened): Promise<ReadonlyMap<string, number>> {
  const { messages } = await log.read("c", toOffset(0), { maxMessages: 10_000, maxBytes: 100_000_000 });
  const values = messages.filter(({ kind }) => kind !== "none");
  return new Map(values.map(({ key, data }) => [key as string, Number(new TextDecoder().decode(data))]));
}

describe("reading a compact channel", () => {
  test("a reader far behind that missed a forgotten deletion goes back to the beginning, and knows the state", async () => {
    const opened = openKeyed("nothing", { recentBytes: 0 });
    const { hub, log, clock } = opened;
    await log.append("c", [set("x", 1), set("y", 1), set("z", 1)]);
    const client = new Client(hub);
    await settled();
    client.reader.stop();
    await log.append("c", [deletion("y"), set("x", 2)]);
    opened.turns.end();
    clock.nowMs += AGE_MS + 1;
    client.reconnect();
    await opened.turns.settle();
    expect(client.gaps).toEqual([
      { reason: "expired", from: { epoch: "e1", offset: 3 }, to: { epoch: "e1", offset: 0 }, missed: null },
    ]);
    expect([...client.values]).toEqual([
      ["z", 1],
      ["x", 2],
    ]);
  });

  test("one that stands at a head which is forgotten misses nothing, and one that begins reaches it", async () => {
    const opened = openKeyed("nothing", { recentBytes: 0 });
    const { hub, log, clock, turns } = opened;
    await log.append("c", [set("x", 1), set("y", 1), deletion("x")]);
    const at = new Client(hub);
    await turns.settle();
    clock.nowMs += AGE_MS + 1;
    const begins = new Client(hub);
    at.reconnect();
    await turns.settle();
    expect(at.gaps).toEqual([]);
    expect(begins.gaps).toEqual([]);
    expect([begins.reader.state, begins.reader.cursor]).toEqual(["live", { epoch: "e1", offset: 3 }]);
    expect([...begins.values]).toEqual([["y", 1]]);
  });

  test("a state of many pages is not begun anew because of what was gone before it began", async () => {
    const opened = openKeyed("nothing", { recentBytes: 0 });
    const { hub, log, clock, turns } = opened;
    await log.append(
      "c",
      ["a", "b", "c", "d", "e", "f", "g", "h"].map((key, at) => set(key, at)),
    );
    await log.append("c", [deletion("h"), set("last", 1)]);
    clock.nowMs += AGE_MS + 1;
    const client = new Client(hub, 1);
    client.isBlocked = true;
    await settled();
    // Each page by a reader of its own, as polls are.
    for (let page = 0; page < 12; page++) {
      client.isBlocked = false;
      await client.reader.step();
      client.isBlocked = true;
      client.reconnect();
      client.isBlocked = true;
      await settled();
    }
    client.unblock();
    await turns.settle();
    expect(client.gaps).toEqual([]);
    expect(client.kept).toHaveLength(8);
    expect(client.values).toEqual(await stateOf(opened));
  });
});

describe("a channel that conflates", () => {
  test.each([524_288, 0])(
    "gives a slow reader the newest of each key alone, recent end of %d bytes",
    async (recentBytes) => {
      const opened = openKeyed("everything", { recentBytes });
      const { hub, log, turns } = opened;
      const [slow, fast] = [new Client(hub), new Client(hub)];
      await settled();
      slow.isBlocked = true;
      for (let value = 0; value < 100; value++) {
        await log.append("c", [set(`k${value % 3}`, value)]);
        turns.end();
      }
      slow.unblock();
      await turns.settle();
      expect(fast.kept).toHaveLength(100);
      expect(slow.kept.map(({ key, data }) => [key, data])).toEqual([
        ["k1", 97],
        ["k2", 98],
        ["k0", 99],
      ]);
      expect(slow.reader.state).toBe("live");
    },
  );

  test("without it a slow reader may be given what the hub has at hand, every message of it", async () => {
    const { hub, log, turns } = openKeyed("nothing");
    const slow = new Client(hub);
    await settled();
    slow.isBlocked = true;
    for (let value = 0; value < 50; value++) {
      await log.append("c", [set("k", value)]);
      turns.end();
    }
    slow.unblock();
    await turns.settle();
    expect(slow.kept).toHaveLength(50);
  });

  test("ephemeral messages that came while a reader was behind: the newest of each key, once it is live again", async () => {
    const { hub, log, turns } = openHub({ conflationOf: () => "ephemeral" });
    const [slow, fast] = [new Client(hub), new Client(hub)];
    await settled();
    await log.broadcast("c", [set("me", 0)]);
    turns.end();
    slow.isBlocked = true;
    for (let value = 1; value <= 30; value++) {
      await log.broadcast("c", [set(value % 2 === 0 ? "me" : "you", value), number(-value)]);
      turns.end();
    }
    slow.unblock();
    await turns.settle();
    await log.broadcast("c", [set("me", 31)]);
    turns.end();
    expect(slow.ephemeral.map(({ key, data }) => [key, data])).toEqual([
      ["me", 0],
      ["you", 29],
      ["me", 30],
      ["me", 31],
    ]);
    expect(fast.ephemeral).toHaveLength(62);
  });

  test("and kept messages of a channel that is not compact are all given", async () => {
    const { hub, log, turns } = openHub({ conflationOf: () => "ephemeral" });
    const slow = new Client(hub);
    await settled();
    slow.isBlocked = true;
    for (let value = 0; value < 20; value++) {
      await log.append("c", [set("k", value)]);
      turns.end();
    }
    slow.unblock();
    await turns.settle();
    expect(slow.kept).toHaveLength(20);
  });

  test("what is remembered for the slow is bounded by keys, by bytes and by age", async () => {
    const { hub, log, turns, clock } = openHub({ conflationOf: () => "ephemeral" });
    const missed = async (messages: readonly NewMessage[], afterMs = 0): Promise<number> => {
      const slow = new Client(hub);
      await settled();
      slow.isBlocked = true;
      await log.broadcast("c", [number(0)]);
      turns.end();
      for (const message of messages) await log.broadcast("c", [message]);
      turns.end();
      clock.nowMs += afterMs;
      slow.unblock();
      await turns.settle();
      slow.reader.stop();
      return slow.ephemeral.length;
    };
    expect(await missed(Array.from({ length: 1_500 }, (_, at) => set(`k${at}`, at)))).toBe(1_000);
    const large = (key: string): NewMessage => ({
      ...set(key, 0),
      data: new TextEncoder().encode(`1${" ".repeat(100_000)}`),
    });
    expect(await missed(["a", "b", "c", "d"].map(large))).toBe(2);
    expect(await missed([set("a", 1)], 30_000)).toBe(1);
    expect(await missed([set("a", 1)], 30_001)).toBe(0);
  });
});

type Step =
  | { readonly do: "set" | "delete"; readonly keys: readonly string[] }
  | { readonly do: "broadcast"; readonly key: string }
  | { readonly do: "turn" | "settle" | "report" | "sweep" | "begin" }
  | { readonly do: "age"; readonly ms: number }
  | { readonly do: "weather"; readonly isSlow: boolean; readonly isLate: boolean }
  | { readonly do: "release"; readonly at: number }
  | { readonly do: "block" | "unblock" | "reconnect"; readonly which: number };

const keys = fc.array(fc.constantFrom("a", "b", "c", "d", "e"), { minLength: 1, maxLength: 4 });
const which = fc.nat(3);
const only = <const T extends string>(...names: readonly T[]): fc.Arbitrary<{ do: T }> =>
  fc.record({ do: fc.constantFrom(...names) });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constantFrom("set", "set", "delete"), keys }) as fc.Arbitrary<Step>,
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("broadcast" as const), key: fc.constantFrom("a", "b") }),
  },
  { weight: 6, arbitrary: only("turn", "settle", "report") },
  { weight: 1, arbitrary: only("sweep", "begin") },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("age" as const), ms: fc.constantFrom(1, 400, AGE_MS + 1) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("weather" as const), isSlow: fc.boolean(), isLate: fc.boolean() }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("release" as const), at: fc.nat(3) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom("block", "unblock", "reconnect"),
      which,
    }) as fc.Arbitrary<Step>,
  },
);

test(
  "every reader of a compact channel comes to know its state, however things interleave",
  { timeout: 120_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          conflation: fc.constantFrom<Conflation>("nothing", "everything"),
          recentBytes: fc.constantFrom(0, 700, 100_000),
          maxFlushBytes: fc.constantFrom(100, 100_000),
          maxFlushReaders: fc.constantFrom(1, 100),
          page: fc.constantFrom(1, 2, 100),
          maxMessages: fc.constantFrom(1_000, 5),
        }),
        fc.array(step, { maxLength: 60 }),
        async ({ page, maxMessages, conflation, ...sizes }, steps) => {
          let double: LogDouble | undefined;
          const opened = openKeyed(conflation, {
            ...sizes,
            retention: { compact: true, maxAgeMs: AGE_MS, maxMessages },
            wrap: (log) => (double = new LogDouble(log)),
          });
          const { hub, log, turns, clock } = opened;
          const slow = double as LogDouble;
          const clients = [new Client(hub, page), new Client(hub, page), new Client(hub, 1)];
          let value = 0;
          for (const each of steps) {
            const client = "which" in each ? clients[each.which % clients.length] : undefined;
            switch (each.do) {
              case "set":
                await log.append(
                  "c",
                  each.keys.map((key) => set(key, value++)),
                );
                break;
              case "delete":
                await log.append("c", each.keys.map(deletion));
                break;
              case "broadcast":
                await log.broadcast("c", [set(each.key, value++)]);
                break;
              case "turn":
                turns.end();
                break;
              case "settle":
                await settled();
                break;
              case "report":
                slow.report();
                break;
              case "sweep":
                hub.sweep();
                await log.sweep();
                break;
              case "begin":
                clients.push(new Client(hub, page));
                break;
              case "age":
                clock.nowMs += each.ms;
                break;
              case "weather":
                slow.isSlow = each.isSlow;
                slow.isLate = each.isLate;
                break;
              case "release":
                slow.release(each.at % Math.max(1, slow.waiting));
                break;
              case "block":
                if (client !== undefined) client.isBlocked = true;
                break;
              case "unblock":
                client?.unblock();
                break;
              case "reconnect":
                client?.reconnect();
                break;
            }
          }
          slow.isSlow = false;
          slow.isLate = false;
          for (let round = 0; round < 1_000; round++) {
            while (slow.waiting > 0) slow.release();
            while (slow.unreported > 0) slow.report();
            for (const client of clients) client.unblock();
            await turns.settle();
            if (clients.every(({ reader }) => reader.state === "live") && turns.isIdle) break;
          }
          const state = await stateOf(opened);
          for (const client of clients) {
            expect(client.errors).toEqual([]);
            expect(client.reader.state).toBe("live");
            expect(client.values).toEqual(state);
          }
        },
      ),
      { numRuns: RUNS },
    );
  },
);
