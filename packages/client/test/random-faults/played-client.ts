import { setTimeout as pause } from "node:timers/promises";
import type { Acknowledged, FaultProxy, Random } from "@tidings/testing";
import { connect } from "../../src/index.ts";
import type {
  CaughtUp,
  Channel,
  CursorStore,
  Gap,
  Message,
  Options,
  State,
  Tidings,
  TransportName,
} from "../../src/types.ts";
import { offsetOf, Record } from "./record.ts";
import { Table } from "./table.ts";

/** The channels of a run, by what goes on in them. */
export const CHANNELS = {
  /** A message every few milliseconds. */
  steady: "log/steady",
  /** Many at once, and then none. */
  bursts: "log/bursts",
  /** One in a while. */
  quiet: "log/quiet",
  /** What the clients publish. */
  made: "log/made",
  keyed: "keyed/now",
} as const;

/** How a client of the run is used. */
export interface Part {
  readonly name: string;
  readonly transport: TransportName | "auto";
  readonly options?: Options;
  /** It keeps its cursors, and is closed and made anew, each time over another transport. */
  readonly keeps?: readonly (TransportName | "auto")[];
}

export interface Violation {
  readonly client: string;
  readonly what: string;
  /** What was done to it, and what it said, last. */
  readonly before: readonly string[];
}

/** What is read from the first message to the last. */
interface Lasting {
  readonly steady: Record;
  readonly made: Record;
  readonly bursts: Record;
}

/** How much of a client's past is told with a violation. */
const PAST = 40;
/** All times in milliseconds. */
const LIFE_MS = [300, 5_000] as const;
const REMAKE_MS = [1_500, 5_000] as const;
const PUBLISH_MS = [20, 500] as const;
const RECONNECT_MS = [4_000, 12_000] as const;
const SLOW_MS = [150, 1_200] as const;
const MAX_UNDER_WAY = 50;
const SECOND_MS = 1_000;

/** An application with one client: it reads in every way there is, publishes, and notes what should not be. */
export class PlayedClient {
  readonly part: Part;
  readonly proxy: FaultProxy;
  readonly records: Record[] = [];
  readonly table = new Table();
  readonly violations: Violation[] = [];
  /** How often it became live, by transport. */
  readonly lives: { [transport: string]: number } = {};
  /** Of its own publishes. */
  readonly acknowledged: Acknowledged[] = [];
  /** Most attempts to connect in one second. */
  maxAttempts = 0;
  longestRecoveryMs = 0;
  readonly #random: Random;
  readonly #tuning: Options["tuning"];
  readonly #past: string[] = [];
  readonly #beganMs = performance.now();
  readonly #kept = new Map<string, string>();
  readonly #looks = new Set<() => void>();
  /** Aborted when nothing new is to be begun. */
  readonly #finish = new AbortController();
  readonly #closed = new WeakSet<Tidings>();
  #client: Tidings;
  #isClosing = false;
  /** Ends with the client that it was begun with. */
  #life = new AbortController();
  #attemptsMs: number[] = [];
  #underWay = 0;
  #running: Promise<unknown>[] = [];
  /** Readers that go on to the end. */
  readonly #last = new Set<Record>();
  #isWell = false;
  /** Nothing is in its way since then (`Date.now()`), and it is not well yet. */
  #healingSinceMs: number | undefined;

  constructor(part: Part, proxy: FaultProxy, random: Random, tuning: Options["tuning"]) {
    this.part = part;
    this.proxy = proxy;
    this.#random = random;
    this.#tuning = tuning;
    this.#client = this.#connect(part.transport);
  }

  /** Begins to use it. */
  start(): void {
    const { steady, bursts, quiet, made } = CHANNELS;
    const isKept = this.part.keeps !== undefined;
    const all = (channel: string, what: string): Record => this.#record(channel, what, 0);
    const records = {
      steady: all(steady, "steady"),
      bursts: all(bursts, "bursts, slowly"),
      made: all(made, "made"),
    };
    for (const record of Object.values(records)) this.#last.add(record);
    this.#use(records);
    const acts = isKept
      ? [this.#remakeNowAndThen(records)]
      : [
          this.#wander(steady, 0.1),
          this.#wander(bursts, 0.3),
          this.#wander(quiet, 0.2),
          this.#wander(made, 0.05),
          this.#toggle(quiet),
          this.#readSlowly(records.bursts),
          this.#publishNowAndThen(),
          this.#reconnectNowAndThen(),
        ];
    this.#running = acts.map(async (act) =>
      act.catch((error: unknown) => this.violate(`threw ${String(error)}`)),
    );
  }

  get state(): State {
    return this.#client.state;
  }

  /** What is done to it. */
  note(what: string): void {
    this.#past.push(`${Math.round(performance.now() - this.#beganMs)} ms: ${what}`);
    if (this.#past.length > PAST) this.#past.shift();
  }

  violate(what: string): void {
    this.note(`VIOLATION ${what}`);
    if (this.violations.length < 20)
      this.violations.push({ client: this.part.name, what, before: [...this.#past] });
  }

  /** From now on nothing is in its way. */
  calm(): void {
    this.#healingSinceMs = Date.now();
  }

  /** Something is in its way again. */
  trouble(): void {
    this.#isWell = false;
    this.#healingSinceMs = undefined;
  }

  /** Resolves once it is well, where nothing is in its way. */
  async healed(patienceMs: number): Promise<void> {
    if (!(await this.#until(() => this.#isWell, patienceMs)))
      this.violate(`not well again within ${patienceMs} ms; ${JSON.stringify(this.state)}`);
  }

  /** Nothing new is begun; resolves once what is under way has come to its end. */
  async finish(patienceMs: number): Promise<void> {
    this.#finish.abort();
    if (!(await this.#until(() => this.#underWay === 0, patienceMs)))
      this.violate(`${this.#underWay} publishes are not acknowledged within ${patienceMs} ms`);
  }

  /** Resolves once its readers have all there is. */
  async complete(heads: ReadonlyMap<string, number>, patienceMs: number): Promise<void> {
    const missing = (): string[] => [
      ...[...this.#last]
        .filter(({ channel, reached }) => reached < (heads.get(channel) ?? 0))
        .map(
          ({ what, channel, reached }) => `${what} of ${channel} is at ${reached} of ${heads.get(channel)}`,
        ),
      ...(this.table.reached < (heads.get(CHANNELS.keyed) ?? 0) ? [`keyed is at ${this.table.reached}`] : []),
    ];
    if (!(await this.#until(() => missing().length === 0, patienceMs)))
      this.violate(
        `not complete within ${patienceMs} ms: ${missing().join("; ")}; ${JSON.stringify(this.state)}`,
      );
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    this.#close();
    await Promise.all(this.#running);
  }

  #close(): void {
    this.#life.abort();
    this.#closed.add(this.#client);
    this.#client.close();
  }

  #connect(transport: TransportName | "auto"): Tidings {
    const keeps = this.part.keeps !== undefined;
    const cursors: CursorStore = {
      getItem: (key) => this.#kept.get(key),
      setItem: (key, value) => this.#kept.set(key, value),
    };
    const client = connect(this.proxy.url, {
      transport,
      ...this.part.options,
      tuning: { ...this.#tuning, maxQueued: this.#random.int(20, 200) },
      ...(keeps ? { cursors } : {}),
    });
    client.on("state", (state) => this.#told(client, state));
    client.on("gap", (gap) => this.violate(`gap: ${JSON.stringify(gap)}`));
    client.on("error", (error) => this.violate(`error: ${error.code} ${error.message}`));
    return client;
  }

  #told(client: Tidings, state: State): void {
    const { name } = state;
    const where = "transport" in state ? ` ${state.transport}` : "";
    this.note(`${name}${where}${"reason" in state && state.reason ? ` ${state.reason.code}` : ""}`);
    if (name === "live") this.lives[state.transport] = (this.lives[state.transport] ?? 0) + 1;
    if (name === "closed" && !this.#closed.has(client))
      this.violate(`closed by itself: ${state.reason?.code} ${state.reason?.message}`);
    if (name !== "connecting") return;
    const nowMs = performance.now();
    this.#attemptsMs = [...this.#attemptsMs.filter((atMs) => atMs > nowMs - SECOND_MS), nowMs];
    this.maxAttempts = Math.max(this.maxAttempts, this.#attemptsMs.length);
  }

  #record(channel: string, what: string, begun: number | undefined): Record {
    const record = new Record(channel, what, begun, (wrong) => this.violate(wrong));
    this.records.push(record);
    return record;
  }

  /** Its lasting readers, on the client that there is. */
  #use({ steady, made, bursts }: Lasting): void {
    this.#life = new AbortController();
    for (const record of [steady, made]) {
      const channel = this.#client.channel(record.channel, { since: "earliest" });
      channel.on("*", (data, { cursor, time }) => {
        record.message(cursor, data as string);
        if (record === steady) this.#heal(Date.parse(time));
        this.#look();
      });
      channel.on("caught-up", ({ cursor }) => record.caughtUp(cursor));
    }
    const keyed = this.#client.channel(CHANNELS.keyed);
    keyed.on("*", (_, message) => {
      const wrong = this.table.message(message);
      if (wrong !== undefined) this.violate(wrong);
      this.#look();
    });
    if (this.part.keeps !== undefined)
      this.#running.push(
        this.#consume(
          this.#client.channel(bursts.channel),
          bursts,
          { since: "earliest" },
          this.#life.signal,
          0.05,
        ),
      );
  }

  /** Reads on and on from where it stopped; slow at times, so that it falls behind. */
  async #readSlowly(record: Record): Promise<void> {
    while (!this.#isClosing) {
      const { cursor = "earliest" } = record;
      await this.#consume(
        this.#client.channel(record.channel),
        record,
        { since: cursor },
        this.#lifespan(),
        0.03,
      );
    }
  }

  /** Begins somewhere, reads for a while, and begins elsewhere. */
  async #wander(name: string, slowness: number): Promise<void> {
    let cursors: string[] = [];
    let record: Record | undefined;
    while (!this.#isClosing) {
      await pause(this.#random.int(0, 800));
      if (this.#finish.signal.aborted) return;
      const start = this.#random.int(0, 9);
      const cursor = cursors[this.#random.int(0, Math.max(0, cursors.length - 1))];
      const from =
        start < 4 && record?.cursor !== undefined
          ? { since: record.cursor }
          : start < 6 && cursor !== undefined
            ? { since: cursor }
            : start < 7
              ? { since: "earliest" }
              : start < 9
                ? { since: "latest" }
                : { last: this.#random.int(1, 30) };
      if (from.since === undefined || from.since !== record?.cursor) {
        const begun =
          from.since === "earliest" ? 0 : from.since === undefined ? undefined : offsetOf(from.since);
        const what = `${name} since ${from.since ?? `the last ${from.last}`}`;
        record = this.#record(name, what, Number.isNaN(begun) ? undefined : begun);
      }
      this.#last.add(record);
      await this.#consume(this.#client.channel(name), record, from, this.#lifespan(), slowness);
      if (!this.#isClosing) this.#last.delete(record);
      if (record.cursor !== undefined) cursors = [...cursors, record.cursor].slice(-20);
    }
  }

  /** Listens, and does not, and listens again from where it stopped. */
  async #toggle(name: string): Promise<void> {
    const record = this.#record(name, `${name}, on and off`, 0);
    this.#last.add(record);
    while (!this.#isClosing) {
      const channel = this.#client.channel(name, { since: record.cursor ?? "earliest" });
      const off = channel.on("*", (data, { cursor }) => {
        record.message(cursor, data as string);
        this.#look();
      });
      const signal = this.#lifespan();
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
      off();
      if (this.#random.chance(0.5)) await pause(this.#random.int(0, 500));
    }
  }

  /** Ends after a while; not once all comes to its end. */
  #lifespan(): AbortSignal {
    const life = new AbortController();
    const timer = setTimeout(() => life.abort(), this.#random.int(...LIFE_MS));
    const stay = (): void => clearTimeout(timer);
    if (this.#finish.signal.aborted) stay();
    else this.#finish.signal.addEventListener("abort", stay, { once: true });
    const end = (): void => life.abort();
    if (this.#life.signal.aborted) end();
    else this.#life.signal.addEventListener("abort", end, { once: true });
    return life.signal;
  }

  async #consume(
    channel: Channel,
    record: Record,
    from: { readonly since?: string; readonly last?: number },
    signal: AbortSignal,
    slowness: number,
  ): Promise<void> {
    const items = channel.items(from);
    let isOver = false;
    signal.addEventListener(
      "abort",
      () => {
        isOver = true;
        void items.return?.();
      },
      { once: true },
    );
    if (signal.aborted) return void items.return?.();
    try {
      for await (const item of items) {
        // Whoever is over before it has handled an item has not had it.
        if (!this.#finish.signal.aborted && this.#random.chance(slowness))
          await pause(this.#random.int(...SLOW_MS));
        if (isOver) break;
        this.#take(record, item);
      }
    } catch (error) {
      this.violate(`${record.what} ended: ${String(error)}`);
    }
    if (!signal.aborted) this.violate(`${record.what} ended by itself`);
  }

  #take(record: Record, item: Message | CaughtUp | Gap): void {
    if (item.type === "message") record.message(item.cursor, item.data as string);
    else if (item.type === "caught-up") record.caughtUp(item.cursor);
    this.#look();
  }

  async #publishNowAndThen(): Promise<void> {
    for (let number = 1; !this.#finish.signal.aborted;) {
      await this.#pause(this.#random.int(...PUBLISH_MS));
      if (this.#finish.signal.aborted) return;
      const many = this.#random.chance(0.1) ? this.#random.int(2, 8) : 1;
      for (let one = 0; one < many && this.#underWay < MAX_UNDER_WAY; one++) void this.#publish(number++);
    }
  }

  async #publish(number: number): Promise<void> {
    const channel = CHANNELS.made;
    const name = `${this.part.name}:${number}`;
    this.#underWay++;
    try {
      const { cursor = "" } = await this.#client.channel(channel).publish("message", name);
      this.acknowledged.push({ name, channel, cursor });
    } catch (error) {
      this.violate(`publish ${name}: ${String(error)}`);
    }
    this.#underWay--;
    this.#look();
  }

  async #reconnectNowAndThen(): Promise<void> {
    for (;;) {
      await this.#pause(this.#random.int(...RECONNECT_MS));
      if (this.#finish.signal.aborted) return;
      this.note("reconnect()");
      this.#client.reconnect();
    }
  }

  /** Closes the client, and makes another one: a page that is loaded again. */
  async #remakeNowAndThen(records: Lasting): Promise<void> {
    const transports = this.part.keeps ?? [];
    for (;;) {
      await this.#pause(this.#random.int(...REMAKE_MS));
      if (this.#finish.signal.aborted) return;
      this.#close();
      const transport = transports[this.#random.int(0, transports.length - 1)] ?? "auto";
      this.note(`made anew: ${transport}`);
      this.#client = this.#connect(transport);
      this.#use(records);
    }
  }

  async #pause(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.#finish.signal }).catch(() => undefined);
  }

  /** A message of the steady channel came that was published at that time. */
  #heal(publishedMs: number): void {
    if (this.#healingSinceMs === undefined || publishedMs < this.#healingSinceMs) return;
    this.longestRecoveryMs = Math.max(this.longestRecoveryMs, Date.now() - this.#healingSinceMs);
    this.#healingSinceMs = undefined;
    this.#isWell = true;
  }

  #look(): void {
    for (const look of [...this.#looks]) look();
  }

  async #until(isSo: () => boolean, patienceMs: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => resolve(isSo()), patienceMs);
    const look = (): void => {
      if (isSo()) resolve(true);
    };
    this.#looks.add(look);
    look();
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#looks.delete(look);
    }
  }
}
