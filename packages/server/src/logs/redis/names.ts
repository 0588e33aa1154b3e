import type { Reply } from "./connection.ts";
import type { Engine } from "./engine.ts";
import type { Keys } from "./keys.ts";
import { NAME_SCRIPT } from "./script/index.ts";

/** As many names are kept at hand; beyond, one that is not among them is not known to be new. */
const MAX_AT_HAND = 100_000;
const LOAD_NAMES = 5_000;
/** Where names are missing at hand, all are read again, but no more often than this, in milliseconds. */
const RELOAD_MS = 30_000;

/**
 * The list of all channels, in the engine and as far as may be at hand: whether one is new has to be known at once. Noted
 * once it has a message; each node tells the others.
 */
export class Names {
  readonly #engine: Engine;
  readonly #keys: Keys;
  #atHand = new Set<string>();
  #count = 0;
  #loading: Promise<void> | undefined;
  #loadedAtMs = 0;

  constructor(engine: Engine, keys: Keys) {
    this.#engine = engine;
    this.#keys = keys;
  }

  get count(): number {
    return Math.max(this.#count, this.#atHand.size);
  }

  has(channel: string): boolean {
    return this.#atHand.has(channel) || this.#count > MAX_AT_HAND;
  }

  /** What another node has told. */
  learn(channel: string): void {
    if (this.#atHand.has(channel)) return;
    this.#count = Math.max(this.#count, this.#atHand.size) + 1;
    if (this.#atHand.size < MAX_AT_HAND) this.#atHand.add(channel);
  }

  /**
   * Notes a channel that has a message: its first one, as far as the engine knows, whose list may be gone as well. One that
   * cannot be noted now is noted with its next message.
   */
  async note(channel: string, isFirst: boolean): Promise<void> {
    if (!isFirst && this.#atHand.has(channel)) return;
    const { names, newNames } = this.#keys;
    const args = [channel, this.#engine.publishCommand, newNames];
    const added = await this.#engine.run(NAME_SCRIPT, [names], args);
    if (added === 1) this.learn(channel);
    else if (this.#atHand.size < MAX_AT_HAND) this.#atHand.add(channel);
  }

  /** In order, from the first above `after` on. */
  async list(prefix: string, after: string, limit: number): Promise<readonly string[]> {
    const from = after >= prefix ? `(${after}` : `[${prefix}`;
    const args = [
      "ZRANGEBYLEX",
      this.#keys.names,
      from === "(" ? "-" : from,
      "+",
      "LIMIT",
      "0",
      String(limit),
    ];
    const names = ((await this.#engine.call(this.#keys.names, args)) as readonly Reply[]).map(String);
    const end = names.findIndex((name) => !name.startsWith(prefix));
    return end === -1 ? names : names.slice(0, end);
  }

  /** Reads all again: what was told while nobody listened, or what is gone. */
  load(): Promise<void> {
    this.#loading ??= this.#load().finally(() => (this.#loading = undefined));
    return this.#loading;
  }

  /** Reads all again where there are not as many as are known; at once where some are gone. */
  async check(): Promise<void> {
    const count = (await this.#engine.call(this.#keys.names, ["ZCARD", this.#keys.names])) as number;
    const isDue = performance.now() - this.#loadedAtMs > RELOAD_MS;
    if (count < this.#count || (count > this.#count && isDue)) await this.load();
  }

  async #load(): Promise<void> {
    const count = (await this.#engine.call(this.#keys.names, ["ZCARD", this.#keys.names])) as number;
    const loaded = new Set<string>();
    for (let after = ""; loaded.size < Math.min(count, MAX_AT_HAND);) {
      const names = await this.list("", after, LOAD_NAMES);
      for (const name of names) loaded.add(name);
      after = names.at(-1) ?? "";
      if (names.length < LOAD_NAMES) break;
    }
    this.#loadedAtMs = performance.now();
    this.#atHand = loaded;
    this.#count = Math.max(count, loaded.size);
  }
}
