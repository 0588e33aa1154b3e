import {
  type Cursor,
  formatPosition,
  type GapFrame,
  ndjsonFormat,
  parseCursor,
  parsePosition,
  type StreamFrame,
  TidingsError,
  toOffset,
} from "@tidings/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  Connection,
  DEFAULT_RETENTION,
  eventFilter,
  type Gap,
  Hub,
  MemoryLog,
  type ConnectionOutput,
  PageReader,
  Reader,
  type ReaderSink,
  type Start,
  type StreamCodec,
} from "../src/index.ts";
import { FORMATS, fromObject, linesOf, pageObjects } from "./support/decode.ts";
import { cursor, number, settled, Turns } from "./support/fixtures.ts";
import { LogDouble } from "./support/log-double.ts";
import { ChannelModel, StreamModel } from "./support/stream-model.ts";

const CHANNELS = ["a", "b", "c"] as const;
const EVENTS = ["x", "y"] as const;
const RUNS = Number(process.env["INTERLEAVINGS"] ?? 1_500);

interface Sizes {
  readonly maxMessages: number;
  readonly recentBytes: number;
  readonly maxFlushBytes: number;
  readonly maxFlushReaders: number;
  readonly lingerMs: number;
  readonly page: number;
}

type StartKind = "latest" | "earliest" | "last" | "head" | "back" | "ahead" | "foreign";

interface Begin {
  readonly channel: (typeof CHANNELS)[number];
  readonly start: StartKind;
  readonly by: number;
  readonly events: readonly string[];
  readonly fails: boolean;
}

type Step =
  | { readonly do: "publish"; readonly channel: string; readonly events: readonly string[] }
  | { readonly do: "broadcast"; readonly channel: string; readonly event: string }
  | { readonly do: "turn" | "report" | "settle" | "sweep" }
  | { readonly do: "release"; readonly at: number }
  | { readonly do: "weather"; readonly isSlow: boolean; readonly isLate: boolean; readonly atOnce: boolean }
  | { readonly do: "truncate"; readonly channel: string; readonly keep: number }
  | { readonly do: "restart"; readonly holds: number }
  | { readonly do: "age"; readonly ms: number }
  | ({ readonly do: "read"; readonly format: number; readonly room: number } & Begin)
  | { readonly do: "drain" | "stop"; readonly which: number; readonly room: number }
  | { readonly do: "connect"; readonly hasPosition: boolean }
  | ({ readonly do: "subscribe"; readonly which: number } & Begin)
  | { readonly do: "unsubscribe" | "close"; readonly which: number; readonly channel: string }
  | { readonly do: "drain output"; readonly which: number; readonly room: number }
  | {
      readonly do: "poll";
      readonly which: number;
      readonly begins: readonly Begin[];
      readonly waits: boolean;
    }
  | { readonly do: "finish" | "cancel"; readonly which: number };

/** Everything that can happen to one hub, with each reader's stream checked as it comes. */
class World {
  readonly channels = new Map<string, ChannelModel>(CHANNELS.map((name) => [name, new ChannelModel()]));
  readonly turns = new Turns();
  readonly hub: Hub;
  readonly log: LogDouble;
  readonly sizes: Sizes;
  readonly readers: CheckedReader[] = [];
  readonly connections: CheckedConnection[] = [];
  readonly polls: CheckedPoll[] = [];
  #inner: MemoryLog;
  #nowMs = 1_000;
  #lives = 0;
  #value = 0;
  #looksAtOnce = true;

  constructor(sizes: Sizes) {
    this.sizes = sizes;
    this.#inner = this.#open();
    this.log = new LogDouble(this.#inner);
    this.log.looksAtOnce = () => this.#looksAtOnce;
    const { recentBytes, maxFlushBytes, maxFlushReaders, lingerMs } = sizes;
    this.hub = new Hub({
      log: this.log,
      defer: this.turns.defer,
      nowMs: () => this.#nowMs,
      recentBytes,
      maxFlushBytes,
      maxFlushReaders,
      lingerMs,
    });
  }

  get limits(): { maxMessages: number; maxBytes: number } {
    return { maxMessages: this.sizes.page, maxBytes: 1_048_576 };
  }

  model(channel: string): ChannelModel {
    return this.channels.get(channel) as ChannelModel;
  }

  start({ channel, start, by }: Begin): Start {
    const { epoch } = this.model(channel);
    const head = this.model(channel).head(epoch);
    switch (start) {
      case "latest":
      case "earliest":
        return { at: start };
      case "last":
        return { at: "last", count: by };
      case "head":
        return { at: "cursor", cursor: cursor(epoch, head) };
      case "back":
        return { at: "cursor", cursor: cursor(epoch, Math.max(0, head - by)) };
      case "ahead":
        return { at: "cursor", cursor: cursor(epoch, head + by) };
      case "foreign":
        return { at: "cursor", cursor: cursor("zz", by) };
    }
  }

  async step(step: Step): Promise<void> {
    switch (step.do) {
      case "publish":
        return this.#publish(this.#inner, step.channel, step.events);
      case "broadcast": {
        const value = this.#value++;
        this.model(step.channel).ephemeral.set(value, step.event);
        void this.#inner.broadcast(step.channel, [number(value, step.event)]);
        return;
      }
      case "turn":
        for (const { output } of this.connections) output.writesInTurn = 0;
        this.turns.end();
        for (const { output } of this.connections) expect(output.writesInTurn).toBeLessThanOrEqual(1);
        return;
      case "report":
        return this.log.report();
      case "settle":
        return settled();
      case "sweep":
        return this.hub.sweep();
      case "release":
        return this.log.release(step.at % Math.max(1, this.log.waiting));
      case "weather":
        this.log.isSlow = step.isSlow;
        this.log.isLate = step.isLate;
        this.#looksAtOnce = step.atOnce;
        return;
      case "truncate": {
        const head = this.model(step.channel).head(this.model(step.channel).epoch);
        await this.#inner.truncate(step.channel, toOffset(Math.max(0, head - step.keep)));
        return;
      }
      case "restart": {
        const inner = this.#open();
        // A log that comes back as an older copy of itself holds something before anyone follows it.
        for (let at = 0; at < step.holds; at++)
          this.#publish(inner, CHANNELS[at % CHANNELS.length] as string, ["x", "y"]);
        this.#inner = inner;
        return this.log.restart(inner);
      }
      case "age":
        this.#nowMs += step.ms;
        return this.#inner.sweep();
      case "read":
        this.readers.push(new CheckedReader(this, step));
        return;
      case "drain":
        return pick(this.readers, step.which)?.drain(step.room);
      case "stop":
        return pick(this.readers, step.which)?.reader.stop();
      case "connect":
        this.connections.push(new CheckedConnection(this, step.hasPosition));
        return;
      case "subscribe":
        return pick(this.connections, step.which)?.subscribe(step);
      case "unsubscribe":
        return pick(this.connections, step.which)?.unsubscribe(step.channel);
      case "close":
        return pick(this.connections, step.which)?.close();
      case "drain output":
        return pick(this.connections, step.which)?.drain(step.room);
      case "poll": {
        const idle = this.polls.filter((poll) => poll.isIdle);
        const poll = step.which % 2 === 0 ? undefined : pick(idle, step.which);
        if (poll === undefined) this.polls.push(new CheckedPoll(this, step.begins));
        (poll ?? (this.polls.at(-1) as CheckedPoll)).poll(step.waits);
        return;
      }
      case "finish":
        return pick(this.polls, step.which)?.finish();
      case "cancel":
        return pick(this.polls, step.which)?.cancel();
    }
  }

  /** What every cursor claims at this moment, and every gap that was told. */
  async check(): Promise<void> {
    for (const reader of this.readers) reader.check();
    for (const [name, model] of this.channels) {
      const { epoch, earliest } = await this.#inner.describe(name);
      for (const { told, to } of model.claims) {
        if (to.epoch === epoch && to.offset >= earliest) throw new Error(`${told}: still held`);
      }
      model.claims = [];
    }
    for (const failing of [...this.readers, ...this.connections, ...this.polls]) {
      if (failing.error !== undefined) throw failing.error as Error;
    }
  }

  /** Lets everything come to rest: then each reader is live and has all there is. */
  async rest(): Promise<void> {
    this.log.isSlow = false;
    this.log.isLate = false;
    for (const reader of this.readers) reader.drain(Infinity);
    for (const connection of this.connections) connection.drain(Infinity);
    for (let round = 0; round < 3 || this.log.waiting + this.log.unreported > 0; round++) {
      while (this.log.waiting > 0) this.log.release();
      while (this.log.unreported > 0) this.log.report();
      await this.turns.settle();
    }
    await this.check();
    for (const reader of this.readers) reader.checkAtRest();
    for (const connection of this.connections) connection.checkAtRest();
    for (const poll of this.polls) await poll.checkAtRest();
    await this.check();
  }

  head(channel: string): Cursor {
    const { epoch } = this.model(channel);
    return cursor(epoch, this.model(channel).head(epoch));
  }

  #open(): MemoryLog {
    const epoch = `e${++this.#lives}`;
    for (const model of this.channels.values()) model.lives.set(epoch, []);
    const retention = { ...DEFAULT_RETENTION, maxMessages: this.sizes.maxMessages, maxAgeMs: 10_000 };
    return new MemoryLog({ retentionOf: () => retention, nowMs: () => this.#nowMs, newEpoch: () => epoch });
  }

  #publish(log: MemoryLog, channel: string, events: readonly string[]): void {
    const batch = events.map((event) => ({ value: this.#value++, event }));
    this.model(channel)
      .lives.get(this.model(channel).epoch)
      ?.push(...batch);
    void log.append(
      channel,
      batch.map(({ value, event }) => number(value, event)),
    );
  }
}

/** A reader in one of the formats, with a sink that has room for some batches at a time. */
class CheckedReader implements ReaderSink {
  readonly reader: Reader;
  error: unknown;
  #room: number;
  #isDriving = false;
  #hasFailed = false;
  readonly #world: World;
  readonly #stream: StreamModel;
  readonly #decode: (typeof FORMATS)[number]["decode"];

  constructor(world: World, begin: Extract<Step, { do: "read" }>) {
    const { channel, events, fails, format: at, room } = begin;
    const { format, decode } = FORMATS[at % FORMATS.length] as (typeof FORMATS)[number];
    this.#world = world;
    this.#room = room;
    this.#decode = decode;
    this.#stream = new StreamModel(world.model(channel), events);
    const options = {
      channel,
      start: world.start(begin),
      format,
      filter: eventFilter(events),
      limits: world.limits,
    };
    this.reader = new Reader(world.hub, { ...options, onGap: fails ? "fail" : "continue" }, this);
    void this.#drive();
  }

  get isBlocked(): boolean {
    return this.#room <= 0;
  }

  drain(room: number): void {
    this.#room = room;
    void this.#drive();
  }

  check(): void {
    if (this.reader.cursor !== undefined && this.#stream.position !== undefined && !this.#hasFailed) {
      this.#guard(() => this.#stream.advance(this.reader.cursor as Cursor));
    }
  }

  checkAtRest(): void {
    if (this.reader.state === "done") return;
    expect(this.reader.state).toBe("live");
    expect(this.reader.cursor).toEqual(this.#world.head(this.reader.channel));
  }

  opened(_reader: Reader, at: Cursor): void {
    this.#guard(() => this.#stream.open(at));
  }

  batch(reader: Reader, { bytes, ends, offsets }: Parameters<ReaderSink["batch"]>[1]): void {
    this.#room--;
    this.#guard(() => {
      const messages = this.#decode(bytes);
      expect(messages).toHaveLength(ends.length);
      expect(ends.at(-1)).toBe(bytes.length);
      for (const [at, { cursor: of, value }] of messages.entries()) {
        // Formats without a cursor of their own, too, say where a message stands.
        if (offsets[at] === 0) {
          expect(reader.state).toBe("live");
          this.#stream.ephemeral(value);
        } else {
          expect(of?.offset).toBe(offsets[at]);
          this.#stream.message(of as Cursor, value);
        }
      }
      this.#stream.advance(reader.cursor as Cursor);
    });
  }

  gap(_reader: Reader, gap: Gap): void {
    this.#guard(() => this.#stream.gap(gap));
  }

  caughtUp(reader: Reader): void {
    this.#guard(() => {
      expect(reader.state).toBe("live");
      this.#stream.advance(reader.cursor as Cursor);
    });
  }

  fellBehind(reader: Reader): void {
    this.#guard(() => this.#stream.advance(reader.cursor as Cursor));
    void this.#drive();
  }

  failed(_reader: Reader, error: unknown): void {
    this.#hasFailed = true;
    this.#guard(() => checkGone(error, this.#stream));
  }

  async #drive(): Promise<void> {
    if (this.#isDriving) return;
    this.#isDriving = true;
    while (this.reader.state === "catching-up" && !this.isBlocked) await this.reader.step();
    this.#isDriving = false;
  }

  /** A fault is the test's, and not a sink that throws. */
  #guard(check: () => void): void {
    try {
      if (this.#hasFailed && this.reader.state !== "done") throw new Error("went on after it failed");
      check();
    } catch (error) {
      this.error ??= error;
    }
  }
}

/** A connection that writes NDJSON, read back line by line. */
class CheckedConnection {
  readonly connection: Connection;
  readonly output: CheckedOutput;
  readonly #world: World;
  readonly #streams = new Map<string, StreamModel>();
  readonly #isBehind = new Map<string, boolean>();
  #ended: { readonly stream: StreamModel; readonly cursor: Cursor }[] = [];

  constructor(world: World, hasPosition: boolean) {
    this.#world = world;
    this.output = new CheckedOutput((line) => this.#line(line));
    const codec: StreamCodec = {
      format: ndjsonFormat,
      frame: (frame) => new TextEncoder().encode(`${JSON.stringify(frame)}\n`),
      json: (_type, line) => new TextEncoder().encode(`${line}\n`),
      ...(hasPosition
        ? { position: (cursors) => new TextEncoder().encode(`@${formatPosition(cursors)}\n`) }
        : {}),
    };
    const options = {
      hub: world.hub,
      maxChannels: 2,
      pageLimits: world.limits,
      toError: (error: unknown) => error as TidingsError,
    };
    this.connection = new Connection(options, codec, this.output);
  }

  get error(): unknown {
    return this.output.error;
  }

  subscribe(begin: Begin): void {
    const { channel, events, fails } = begin;
    const { connection } = this;
    const isRefused =
      connection.isClosed || connection.channels.includes(channel) || connection.channels.length >= 2;
    const stream = new StreamModel(this.#world.model(channel), events);
    if (!isRefused) {
      this.#streams.set(channel, stream);
      this.#isBehind.set(channel, true);
    }
    const start = this.#world.start(begin);
    connection
      .subscribe({ channel, start, events, onGap: fails ? "fail" : "continue" })
      .catch((error: unknown) => {
        const { code } = error as TidingsError;
        if (code === "CURSOR_GONE" && !isRefused) return;
        const refusals = ["NOT_SUBSCRIBED", "ALREADY_SUBSCRIBED", "TOO_MANY_CHANNELS"];
        if (!refusals.includes(code)) this.output.error ??= error;
      });
  }

  unsubscribe(channel: string): void {
    const ended = this.connection.unsubscribe(channel);
    const stream = this.#streams.get(channel);
    if (ended?.cursor === undefined || stream === undefined) return;
    // What was handed over in this turn is still on its way: it is written before anyone can subscribe anew.
    this.connection.send({ type: "pong" });
    if (stream.position !== undefined) this.#ended.push({ stream, cursor: ended.cursor });
    this.#streams.delete(channel);
    this.#checkEnded();
  }

  close(): void {
    this.connection.close();
    this.output.isClosed = true;
  }

  drain(room: number): void {
    this.output.drain(room);
    if (room > 0) this.connection.resume();
  }

  checkAtRest(): void {
    if (this.connection.isClosed) return;
    expect(this.connection.behind).toBe(0);
    for (const [channel, at] of this.connection.cursors()) {
      expect(at).toEqual(this.#world.head(channel));
      (this.#streams.get(channel) as StreamModel).advance(at);
      expect(this.#isBehind.get(channel)).toBe(false);
    }
  }

  #checkEnded(): void {
    for (const { stream, cursor: at } of this.#ended) stream.advance(at);
    this.#ended = [];
  }

  #line(line: string): void {
    if (line.startsWith("@")) {
      for (const [channel, at] of parsePosition(line.slice(1)) ?? []) {
        const stream = this.#streams.get(channel) as StreamModel;
        // A channel that is still to be opened stands where its start says.
        if (stream.position !== undefined) stream.advance(at);
      }
      return;
    }
    const frame = JSON.parse(line) as StreamFrame;
    if (frame.type === "pong") return;
    const { channel = "" } = frame as { channel?: string };
    const stream = this.#streams.get(channel);
    if (stream === undefined) throw new Error(`nobody subscribed: ${line}`);
    switch (frame.type) {
      case "ok":
        return stream.open(parseCursor(frame.cursor ?? "") as Cursor);
      case "message": {
        const { cursor: at, value } = fromObject(frame);
        return at === undefined ? stream.ephemeral(value) : stream.message(at, value);
      }
      case "gap":
        this.#isBehind.set(channel, true);
        return stream.gap(readGap(frame));
      case "caught-up":
        if (this.#isBehind.get(channel) === false) throw new Error("caught up twice");
        this.#isBehind.set(channel, false);
        return stream.advance(parseCursor(frame.cursor) as Cursor);
      case "error":
        this.#streams.delete(channel);
        expect(frame.code).toBe("CURSOR_GONE");
        this.output.writesInTurn--;
        this.output.writesWhileBlocked--;
        return;
      default:
        throw new Error(`a frame that nobody sent: ${line}`);
    }
  }
}

/** An output that has room for some writes at a time. */
class CheckedOutput implements ConnectionOutput {
  isClosed = false;
  error: unknown;
  writesInTurn = 0;
  writesWhileBlocked = 0;
  #room = 3;
  readonly #line: (line: string) => void;

  constructor(line: (line: string) => void) {
    this.#line = line;
  }

  get isBlocked(): boolean {
    return this.#room <= 0;
  }

  broken(error: unknown): void {
    this.error ??= error;
  }

  drain(room: number): void {
    this.#room = room;
    if (room > 0) this.writesWhileBlocked = 0;
  }

  writeAll(parts: readonly Uint8Array[]): void {
    this.write(Buffer.concat(parts));
  }

  write(bytes: Uint8Array): void {
    try {
      if (this.isClosed) throw new Error("a write after the end");
      if (this.isBlocked) this.writesWhileBlocked++;
      this.#room--;
      this.writesInTurn++;
      const lines = linesOf(bytes);
      if (lines.every((line) => line === '{"type":"pong"}')) {
        this.writesInTurn--;
        this.writesWhileBlocked--;
      }
      for (const line of lines) this.#line(line);
      // What was handed over in the turn that blocked it, and the page that was being read then, and no more.
      if (this.writesWhileBlocked > 2) throw new Error("a blocked output was written to again");
    } catch (error) {
      this.error ??= error;
    }
  }
}

/** Short and long polls of some channels, each going on where the one before ended. */
class CheckedPoll {
  error: unknown;
  readonly #world: World;
  readonly #begins: readonly Begin[];
  readonly #starts: Start[];
  readonly #streams: StreamModel[];
  readonly #cursors: (Cursor | undefined)[];
  #reader: PageReader | undefined;
  #isOver = false;
  #caughtUp = false;

  constructor(world: World, begins: readonly Begin[]) {
    this.#world = world;
    this.#begins = begins.filter(
      ({ channel }, at) => begins.findIndex((each) => each.channel === channel) === at,
    );
    this.#starts = this.#begins.map((begin) => world.start(begin));
    this.#streams = this.#begins.map(({ channel, events }) => new StreamModel(world.model(channel), events));
    this.#cursors = this.#begins.map(() => undefined);
  }

  get isIdle(): boolean {
    return this.#reader === undefined && !this.#isOver;
  }

  poll(waits: boolean): void {
    const requests = this.#begins.map(({ channel, events, fails }, at) => {
      const since = this.#cursors[at];
      const start: Start =
        since === undefined ? (this.#starts[at] as Start) : { at: "cursor", cursor: since };
      return { channel, start, events, onGap: fails ? ("fail" as const) : ("continue" as const) };
    });
    const reader = new PageReader(this.#world.hub, requests, this.#world.limits, waits);
    this.#reader = reader;
    reader.result.then(
      (result) => {
        this.#reader = undefined;
        try {
          this.#check(result);
        } catch (error) {
          this.error ??= error;
        }
      },
      (error: unknown) => {
        this.#reader = undefined;
        this.#isOver = true;
        if ((error as TidingsError).code !== "CURSOR_GONE") this.error ??= error;
      },
    );
  }

  finish(): void {
    this.#reader?.finish();
  }

  cancel(): void {
    this.#reader?.cancel();
    if (this.#reader !== undefined) this.#isOver = true;
    this.#reader = undefined;
  }

  async checkAtRest(): Promise<void> {
    this.finish();
    await settled();
    for (let polls = 0; this.isIdle; polls++) {
      this.poll(false);
      await this.#world.turns.settle();
      if (this.#caughtUp) break;
      if (polls > 500) throw new Error("polls never catch up");
    }
    if (this.#isOver) return;
    for (const [at, { channel }] of this.#begins.entries())
      expect(this.#cursors[at]).toEqual(this.#world.head(channel));
  }

  #check({ parts, cursors, gaps, caughtUp, messages }: Awaited<PageReader["result"]>): void {
    const objects = parts.flatMap((part) => pageObjects(part));
    expect(objects).toHaveLength(messages);
    const kept = objects.filter((object) => object.cursor !== undefined).length;
    // A batch of ephemeral messages alone has no place to be cut at.
    if (kept === messages)
      expect(messages).toBeLessThanOrEqual(this.#world.limits.maxMessages + this.#begins.length - 1);
    this.#caughtUp = caughtUp;
    for (const [at, { channel }] of this.#begins.entries()) {
      const stream = this.#streams[at] as StreamModel;
      const told = cursors.get(channel);
      if (told === undefined) continue;
      if (this.#cursors[at] === undefined) stream.open(told.from);
      else expect(told.from).toEqual(this.#cursors[at]);
      const crossed = gaps.filter((each) => each.channel === channel);
      expect(crossed.length).toBeLessThanOrEqual(1);
      for (const { gap } of crossed) stream.gap(gap, true);
      for (const object of objects.filter((each) => each.channel === channel)) {
        const { cursor: of, value } = fromObject(object);
        if (of === undefined) stream.ephemeral(value);
        else stream.message(of, value);
      }
      stream.advance(told.to);
      this.#cursors[at] = told.to;
    }
  }
}

function readGap({ reason, from, to, missed }: Pick<GapFrame, "reason" | "from" | "to" | "missed">): Gap {
  return { reason, from: parseCursor(from) as Cursor, to: parseCursor(to) as Cursor, missed };
}

function checkGone(error: unknown, stream: StreamModel): void {
  if (!(error instanceof TidingsError) || error.code !== "CURSOR_GONE" || error.details.gap === undefined)
    throw error;
  const gap = readGap(error.details.gap as GapFrame);
  if (stream.position === undefined) stream.open(gap.from);
  stream.gap(gap);
}

function pick<T>(among: readonly T[], which: number): T | undefined {
  return among[which % Math.max(1, among.length)];
}

const channel = fc.constantFrom(...CHANNELS);
const which = fc.nat(7);
const room = fc.nat(3);
const events = fc.oneof(
  { weight: 3, arbitrary: fc.constant([]) },
  { weight: 1, arbitrary: fc.subarray([...EVENTS], { minLength: 1 }) },
);
const begin = {
  channel,
  start: fc.constantFrom<StartKind>(
    "latest",
    "latest",
    "earliest",
    "last",
    "head",
    "back",
    "back",
    "ahead",
    "foreign",
  ),
  by: fc.nat(6),
  events,
  fails: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
};
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant("publish" as const),
      channel,
      events: fc.array(fc.constantFrom(...EVENTS), { minLength: 1, maxLength: 4 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("broadcast" as const),
      channel,
      event: fc.constantFrom(...EVENTS),
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constantFrom("turn" as const, "turn" as const, "report" as const, "settle" as const),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("release" as const), at: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("sweep" as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("weather" as const),
      isSlow: fc.boolean(),
      isLate: fc.boolean(),
      atOnce: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("truncate" as const), channel, keep: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("restart" as const), holds: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("age" as const), ms: fc.constantFrom(600, 6_000) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("read" as const),
      format: fc.nat(6),
      room: fc.constantFrom(0, 1, 2, 100),
      ...begin,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom("drain" as const, "drain" as const, "stop" as const),
      which,
      room,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("connect" as const), hasPosition: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("subscribe" as const), which, ...begin }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom("unsubscribe" as const, "unsubscribe" as const, "close" as const),
      which,
      channel,
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("drain output" as const), which, room }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("poll" as const),
      which,
      begins: fc.array(fc.record(begin), { minLength: 1, maxLength: 3 }),
      waits: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom("finish" as const, "finish" as const, "cancel" as const),
      which,
    }),
  },
);
const sizes: fc.Arbitrary<Sizes> = fc.record({
  maxMessages: fc.constantFrom(2, 6, 1_000),
  recentBytes: fc.constantFrom(0, 3_000, 524_288),
  maxFlushBytes: fc.constantFrom(100, 1_048_576),
  maxFlushReaders: fc.constantFrom(1, 2, 256),
  lingerMs: fc.constantFrom(0, 1_000),
  page: fc.constantFrom(1, 2, 5, 1_000),
});

test("every reader gets every message of its channel once and in order, or a gap told, however things interleave", async () => {
  await fc.assert(
    fc.asyncProperty(
      sizes,
      fc.array(step, { minLength: 10, maxLength: 120, size: "max" }),
      async (given, steps) => {
        const world = new World(given);
        for (const each of steps) {
          await world.step(each);
          await world.check();
        }
        await world.rest();
      },
    ),
    { numRuns: RUNS },
  );
}, 600_000);
