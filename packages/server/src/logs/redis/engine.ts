import { setTimeout as delay } from "node:timers/promises";
import type { HostPort } from "../redis-url.ts";
import type { Arg, Reply } from "./connection.ts";
import { awayError, unavailable, unreachedError } from "./faults.ts";
import { Link } from "./link.ts";
import type { CheckedOptions } from "./options.ts";
import type { Script } from "./script/index.ts";
import { Sentinels } from "./sentinels.ts";
import { slotOf } from "./slot.ts";
import { askCluster } from "./topology.ts";

/** How often a call follows a slot that moves, and after how many milliseconds it does so first; each time it waits twice as long. */
const MAX_MOVES = 6;
const FIRST_MOVE_MS = 5;
/** How many topics one call subscribes to. */
const SUBSCRIBE_TOPICS = 1_000;

export interface EngineListener {
  /** What was told on a topic. */
  readonly onNote: (topic: string, body: Buffer) => void;
  /** Servers were lost, and are back: what was told meanwhile was not heard. */
  readonly onBack: () => void;
}

/** One Redis, the master that sentinels name, or the masters of a cluster: calls go to where their first key is. */
export class Engine {
  readonly #options: CheckedOptions;
  readonly #listener: EngineListener;
  readonly #links = new Map<string, Link>();
  readonly #sentinels: Sentinels | undefined;
  /** Of a cluster. */
  #slots: (Link | undefined)[] = [];
  #refreshing: Promise<void> | undefined;
  /** Topics that are listened to, each with where. */
  readonly #topics = new Map<string, Link | undefined>();
  /** Decided once: nodes that heard each other yesterday must do so today, whatever server is being looked for. */
  #isSharded = false;
  #losses = 0;
  #isClosed = false;

  constructor(options: CheckedOptions, listener: EngineListener) {
    this.#options = options;
    this.#listener = listener;
    if (options.address.kind === "sentinel") this.#sentinels = new Sentinels(options);
  }

  /** @throws {TidingsError} `LOG_UNAVAILABLE` when it is not reached within `timeoutMs`; it tries until then */
  async start(): Promise<void> {
    const { address, timeoutMs } = this.#options;
    if (address.kind === "cluster") {
      await this.#refresh();
    } else {
      const [at] = address.hosts as [HostPort];
      const sentinels = this.#sentinels;
      if (sentinels === undefined) this.#link(nameOf(at), async () => at);
      else this.#link(`master "${address.masterName}"`, () => sentinels.master());
    }
    for (const link of this.#links.values())
      if (!(await link.whenUp(timeoutMs))) throw unreachedError(link.name, link.reason, timeoutMs);
    this.#isSharded = this.isCluster && [...this.#links.values()].every((link) => link.isSevenOrLater);
  }

  /** Goes up with each server that is lost: what was known of its channels has to be compared again. */
  get losses(): number {
    return this.#losses;
  }

  get isCluster(): boolean {
    return this.#options.address.kind === "cluster";
  }

  /** Whether notifications stay with the servers of their hash slot, where all others would be sent them too. */
  get isSharded(): boolean {
    return this.#isSharded;
  }

  get publishCommand(): "PUBLISH" | "SPUBLISH" {
    return this.isSharded ? "SPUBLISH" : "PUBLISH";
  }

  /** Whether the server of a key is there. */
  isUp(key: string): boolean {
    return this.#linkOf(key)?.isUp === true;
  }

  /**
   * Waits for the server of a key, `waitMs` at most.
   *
   * @throws {TidingsError} `LOG_UNAVAILABLE`
   */
  async ready(key: string, waitMs: number): Promise<void> {
    const link = this.#linkOf(key);
    if (link === undefined) throw awayError(this.#name, `no server has the hash slot of "${key}"`);
    if (!(await link.whenUp(waitMs))) throw awayError(link.name, link.reason);
  }

  /** @throws {TidingsError} `LOG_UNAVAILABLE`, `LOG_FULL` */
  async call(key: string, args: readonly Arg[]): Promise<Reply> {
    return this.#follow(key, (link) => link.call(args));
  }

  /** Runs a script; Redis is sent its text where it does not know it (any more). */
  async run(script: Script, keys: readonly string[], args: readonly Arg[]): Promise<Reply> {
    return this.#runBy(script, keys, args, (link, words) => link.call(words));
  }

  /** Runs a script, and tells how many replicas have what it did; `confirmKey` is written to, on the same server. */
  async runConfirmed(
    script: Script,
    keys: readonly string[],
    args: readonly Arg[],
    confirmKey: string,
  ): Promise<readonly [answer: Reply, replicas: number]> {
    return this.#runBy(script, keys, args, (link, words) => link.callConfirmed(words, confirmKey));
  }

  async publish(topic: string, body: Arg): Promise<void> {
    await this.call(topic, [this.publishCommand, topic, body]);
  }

  /** Listens to a topic until it is unsubscribed, over all reconnects. */
  async subscribe(topic: string): Promise<void> {
    const link = this.#linkOf(topic);
    this.#topics.set(topic, link);
    if (link === undefined) return;
    await link.subscribe([topic], this.isSharded).catch((error: unknown) => {
      throw unavailable(link.name, error);
    });
  }

  unsubscribe(topic: string): void {
    const link = this.#topics.get(topic);
    this.#topics.delete(topic);
    // One that is gone has forgotten.
    link?.unsubscribe(topic, this.isSharded).catch(() => undefined);
  }

  /**
   * To be called about once a second. Looks whether those who tell us things are alive: one that does not answer in time is
   * lost. In a cluster, asks who has the slots of one that is. Asks a sentinel whether the master is still that: one that
   * stood still while another took its place takes messages for seconds more, until it is told, and then they are gone.
   */
  heal(): void {
    const links = [...this.#links.values()];
    for (const link of links) if (link.isUp) link.ping().catch(() => undefined);
    if (this.isCluster && links.some((link) => !link.isUp)) this.#refresh().catch(() => undefined);
    this.#followMaster().catch(() => undefined);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#sentinels?.close();
    await Promise.all([...this.#links.values()].map((link) => link.close()));
  }

  async #runBy<T>(
    script: Script,
    keys: readonly string[],
    args: readonly Arg[],
    call: (link: Link, words: readonly Arg[]) => Promise<T>,
  ): Promise<T> {
    const [key = ""] = keys;
    const rest = [String(keys.length), ...keys, ...args];
    try {
      return await this.#follow(key, (link) => call(link, ["EVALSHA", script.sha, ...rest]));
    } catch (error) {
      const { cause } = error as Error;
      if (!(cause instanceof Error) || !cause.message.startsWith("NOSCRIPT")) throw error;
      return this.#follow(key, (link) => call(link, ["EVAL", script.text, ...rest]));
    }
  }

  /** Calls the server of a key, wherever that is by now. */
  async #follow<T>(key: string, call: (link: Link) => Promise<T>): Promise<T> {
    for (let moves = 0; ; moves++) {
      const link = this.#linkOf(key);
      if (link === undefined) throw awayError(this.#name, `no server has the hash slot of "${key}"`);
      try {
        return await call(link);
      } catch (error) {
        if (!this.isCluster || moves === MAX_MOVES || !isMove(error)) throw unavailable(link.name, error);
        await delay(FIRST_MOVE_MS * 2 ** moves);
        await this.#refresh();
      }
    }
  }

  get #name(): string {
    return this.#options.address.hosts.map(nameOf).join(", ");
  }

  #linkOf(key: string): Link | undefined {
    return this.isCluster ? this.#slots[slotOf(key)] : this.#links.values().next().value;
  }

  #link(name: string, locate: () => Promise<HostPort>): Link {
    const link = new Link({
      options: this.#options,
      locate,
      name,
      onNote: this.#listener.onNote,
      onUp: (up) => this.#resubscribe(up),
      onDown: () => this.#losses++,
    });
    this.#links.set(name, link);
    link.start();
    return link;
  }

  async #followMaster(): Promise<void> {
    const [link] = this.#links.values();
    const at = link?.isUp === true ? link.at : undefined;
    if (this.#sentinels === undefined || at === undefined) return;
    const master = await this.#sentinels.master();
    if (link?.at === at && nameOf(master) !== nameOf(at))
      link.renew(`${nameOf(master)} has taken the place of ${nameOf(at)}`);
  }

  /** A new connection knows of no topic. */
  async #resubscribe(link: Link): Promise<void> {
    const topics = [...this.#topics.keys()].filter((topic) => this.#linkOf(topic) === link);
    for (const topic of topics) this.#topics.set(topic, link);
    for (let from = 0; from < topics.length; from += SUBSCRIBE_TOPICS)
      await link.subscribe(topics.slice(from, from + SUBSCRIBE_TOPICS), this.isSharded);
    // Not before others see that the link is up: they are to call it.
    setImmediate(() => {
      if (!this.#isClosed) this.#listener.onBack();
    });
  }

  #refresh(): Promise<void> {
    this.#refreshing ??= this.#askCluster().finally(() => (this.#refreshing = undefined));
    return this.#refreshing;
  }

  async #askCluster(): Promise<void> {
    const known = [...this.#links.keys()].map(hostOf);
    const ranges = await askCluster(this.#options, [...known, ...this.#options.address.hosts]).catch(
      (error: unknown) => {
        throw unavailable(this.#name, error);
      },
    );
    if (this.#isClosed) return;
    const slots: (Link | undefined)[] = [];
    for (const { from, to, at } of ranges) {
      const link = this.#links.get(nameOf(at)) ?? this.#link(nameOf(at), async () => at);
      for (let slot = from; slot <= to; slot++) slots[slot] = link;
    }
    this.#slots = slots;
    for (const [name, link] of this.#links) {
      if (slots.includes(link)) continue;
      this.#links.delete(name);
      this.#losses++;
      void link.close();
    }
    const moved = [...this.#topics].filter(([topic, link]) => this.#linkOf(topic) !== link);
    for (const [topic] of moved) await this.subscribe(topic).catch(() => undefined);
    if (moved.length > 0) this.#listener.onBack();
  }
}

function nameOf({ host, port }: HostPort): string {
  return `${host}:${port}`;
}

function hostOf(name: string): HostPort {
  const colon = name.lastIndexOf(":");
  return { host: name.slice(0, colon), port: Number(name.slice(colon + 1)) };
}

/** Whether the slot is at another server, or on its way there (Redis Cluster Specification, "MOVED redirection"). */
function isMove(error: unknown): boolean {
  return error instanceof Error && /^(?:MOVED|ASK|TRYAGAIN|CLUSTERDOWN) /.test(error.message);
}
