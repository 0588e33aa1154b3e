import type { Tell } from "./frames.ts";

/** What changed in a copy. */
export type OnChange = (topic: string, key: string, value: unknown) => void;

/**
 * What another node said of itself: a table that it alone writes, so that the last word on a key is the right one
 * whatever was missed before it. Only what is gone can be missed for good; the numbers of its frames show that
 * something is, and then the whole of it is asked for.
 */
export class Copy {
  readonly #onChange: OnChange;
  readonly #topics = new Map<string, Map<string, unknown>>();
  /** Number of the last frame that was taken; before the first, none. */
  #at: number | undefined;
  #isWhole = false;
  /** While the whole is being told: what has been named since it began. */
  #named: Set<string> | undefined;

  constructor(onChange: OnChange) {
    this.#onChange = onChange;
  }

  /** Whether nothing is missing, as far as is known. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** Whether the whole of it is on its way. */
  get isTaking(): boolean {
    return this.#named !== undefined;
  }

  get size(): number {
    let size = 0;
    for (const table of this.#topics.values()) size += table.size;
    return size;
  }

  /** The node has said so many frames. */
  stands(at: number): void {
    if (this.#at === undefined && at === 0) {
      this.#at = 0;
      this.#isWhole = true;
    } else if (this.#at !== at) this.miss();
  }

  /** Something was missed, or may have been. */
  miss(): void {
    this.#isWhole = false;
    this.#named = undefined;
  }

  take({ at, part, changes }: Tell): void {
    const isNext = this.#at !== undefined && at === this.#at + 1;
    if (this.#at !== undefined && at <= this.#at) return;
    if (!isNext) this.miss();
    this.#at = at;
    // It was told to others: all of it is known.
    if (this.#isWhole && part !== undefined) return;
    if (part === "first" || part === "only") this.#named = new Set();
    for (const [topic, entries] of Object.entries(changes))
      for (const [key, value] of entries) this.#set(topic, key, value ?? undefined);
    if ((part === "last" || part === "only") && this.#named !== undefined) this.#finish(this.#named);
  }

  /** Forgets up to `max` entries; answers whether that was all. */
  forget(max: number): boolean {
    this.miss();
    this.#at = undefined;
    let left = max;
    for (const [topic, table] of this.#topics)
      for (const key of table.keys()) {
        if (left-- === 0) return false;
        this.#set(topic, key, undefined);
      }
    return true;
  }

  #set(topic: string, key: string, value: unknown): void {
    let table = this.#topics.get(topic);
    if (table === undefined) this.#topics.set(topic, (table = new Map()));
    if (value === undefined) {
      if (!table.delete(key)) return;
    } else {
      table.set(key, value);
      this.#named?.add(nameOf(topic, key));
    }
    this.#onChange(topic, key, value);
  }

  #finish(named: ReadonlySet<string>): void {
    this.#named = undefined;
    this.#isWhole = true;
    for (const [topic, table] of this.#topics)
      for (const key of table.keys()) if (!named.has(nameOf(topic, key))) this.#set(topic, key, undefined);
  }
}

function nameOf(topic: string, key: string): string {
  return `${topic} ${key}`;
}
