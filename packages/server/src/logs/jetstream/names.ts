import type { Engine } from "./engine.ts";
import type { Subjects } from "./subjects.ts";

/** All are read again so often, in milliseconds: a node that told of a new one may not have been heard. */
const RELOAD_MS = 30_000;

/** All channels, in memory: those whose subjects have entries. Each node tells the others of new ones. */
export class Names {
  readonly #engine: Engine;
  readonly #subjects: Subjects;
  #known = new Set<string>();
  /** In order, until there is a new one. */
  #sorted: readonly string[] | undefined;
  #loading: Promise<void> | undefined;
  #loadedAtMs = 0;

  constructor(engine: Engine, subjects: Subjects) {
    this.#engine = engine;
    this.#subjects = subjects;
  }

  get count(): number {
    return this.#known.size;
  }

  has(channel: string): boolean {
    return this.#known.has(channel);
  }

  learn(channel: string): void {
    if (this.#known.has(channel)) return;
    this.#known.add(channel);
    this.#sorted = undefined;
  }

  /** Of a channel that this node wrote to. */
  note(channel: string): void {
    if (this.#known.has(channel)) return;
    this.learn(channel);
    if (this.#engine.isUp) this.#engine.tell(this.#subjects.newNames, Buffer.from(channel));
  }

  /** In order, from the first above `after` on. */
  list(prefix: string, after: string, limit: number): readonly string[] {
    this.#sorted ??= [...this.#known].sort();
    const names = this.#sorted;
    let low = 0;
    let high = names.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const at = names[middle] as string;
      if (at > after && at >= prefix) high = middle;
      else low = middle + 1;
    }
    const found: string[] = [];
    for (; found.length < limit && names[low]?.startsWith(prefix) === true; low++)
      found.push(names[low] as string);
    return found;
  }

  /** Reads all again where that is due. */
  async check(): Promise<void> {
    if (performance.now() - this.#loadedAtMs > RELOAD_MS) await this.load();
  }

  load(): Promise<void> {
    this.#loading ??= this.#load().finally(() => (this.#loading = undefined));
    return this.#loading;
  }

  async #load(): Promise<void> {
    this.#loadedAtMs = performance.now();
    const before = new Set(this.#known);
    const subjects = await this.#engine.call((stream) => stream.subjects(this.#subjects.entries));
    const loaded = new Set(subjects.map((subject) => this.#subjects.channelOf(subject)));
    // Those that were heard of meanwhile are new.
    for (const name of this.#known) if (!before.has(name)) loaded.add(name);
    this.#known = loaded;
    this.#sorted = undefined;
  }
}
