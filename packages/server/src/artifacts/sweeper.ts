import type { Log } from "@tidings/core";
import type { Logger } from "pino";
import type { Entry } from "./entry.ts";
import { type Budget, findMessages, heldReferences } from "./held.ts";
import type { Reference } from "./record.ts";

/** Artifacts that are looked at together. */
const SLICE = 500;
/** Artifacts that one sweep looks at; the next goes on where it ended. */
const MAX_SWEPT = 20_000;
/** Pages of the log that one sweep reads. */
const MAX_PAGES = 1_000;
/** An artifact that a publisher asked for is about to be named; no append takes as long. In milliseconds. */
const FOUND_MS = 60_000;
/** After it, a publish that said neither how it ended is taken for dead. In milliseconds. */
const PUBLISHING_MS = 600_000;

export interface SweeperOptions {
  readonly log: Log;
  readonly logger: Logger;
  readonly nowMs: () => number;
  readonly entries: ReadonlyMap<string, Entry>;
  readonly remove: (id: string) => Promise<void>;
}

/** Removes artifacts that no message names any more, or never did, once their time is over. */
export class Sweeper {
  readonly #options: SweeperOptions;
  #iterator: Iterator<Entry> | undefined;
  #sweeping: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: SweeperOptions) {
    this.#options = options;
  }

  /** Where a sweep is under way already, its end is this one's too. */
  async sweep(): Promise<void> {
    this.#sweeping ??= this.#sweep().finally(() => (this.#sweeping = undefined));
    return this.#sweeping;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#sweeping?.catch(() => undefined);
  }

  async #sweep(): Promise<void> {
    const budget: Budget = { pages: MAX_PAGES };
    let left = Math.min(this.#options.entries.size, MAX_SWEPT);
    while (left > 0 && !this.#isClosed) {
      const slice = this.#next(Math.min(left, SLICE));
      left -= SLICE;
      const due = slice.filter((entry) => this.#isDue(entry));
      await this.#search(due, budget);
      await this.#check(due, budget);
      for (const { record } of due.filter((entry) => this.#isOver(entry))) {
        if (!this.#isClosed) await this.#options.remove(record.id);
      }
    }
  }

  /** The next ones in turn: from where the sweep before ended, and after the last one from the first on. */
  #next(count: number): readonly Entry[] {
    const slice = new Set<Entry>();
    for (let rounds = 0; slice.size < count && rounds < 2;) {
      this.#iterator ??= this.#options.entries.values();
      const { done, value } = this.#iterator.next();
      if (done !== true) slice.add(value);
      else {
        this.#iterator = undefined;
        rounds++;
      }
    }
    return [...slice];
  }

  /** Whether it may be time for it to go: then the log is asked. */
  #isDue({ record, foundMs, publishingMs }: Entry): boolean {
    const now = this.#options.nowMs();
    if (publishingMs !== undefined && publishingMs > now - PUBLISHING_MS) return false;
    return foundMs <= now - FOUND_MS && (record.expiresAtMs ?? 0) <= now;
  }

  #isOver(entry: Entry): boolean {
    const { references, pending } = entry.record;
    // Asked again: a publisher may have come meanwhile.
    return references.length === 0 && pending === undefined && this.#isDue(entry);
  }

  /** Looks for the messages of those whose process ended before it knew where they stand. */
  async #search(entries: readonly Entry[], budget: Budget): Promise<void> {
    const { log } = this.#options;
    const byChannel = Map.groupBy(
      entries.filter(({ record }) => record.pending !== undefined),
      ({ record }) => record.pending?.channel ?? "",
    );
    for (const [channel, ofChannel] of byChannel) {
      const sought = ofChannel.flatMap(({ record: { id, pending } }) =>
        pending === undefined ? [] : [{ id, ...pending }],
      );
      const { at, missing, later } = await findMessages(log, channel, sought, budget);
      for (const { record } of ofChannel) {
        const { id, pending } = record;
        const reference = at.get(id);
        const after = later.get(id);
        if (reference !== undefined) record.references = [...record.references, reference];
        if (reference !== undefined || missing.includes(id)) record.pending = undefined;
        else if (after !== undefined && pending !== undefined) record.pending = { ...pending, after };
      }
    }
  }

  /** Takes away the references to messages that are gone. */
  async #check(entries: readonly Entry[], budget: Budget): Promise<void> {
    const byChannel = new Map<string, Reference[]>();
    for (const reference of entries.flatMap(({ record }) => record.references)) {
      const ofChannel = byChannel.get(reference.channel);
      if (ofChannel === undefined) byChannel.set(reference.channel, [reference]);
      else ofChannel.push(reference);
    }
    const held = new Set<Reference>();
    const asked = new Set([...byChannel.values()].flat());
    for (const [channel, references] of byChannel) {
      for (const each of await heldReferences(this.#options.log, channel, references, budget)) held.add(each);
    }
    for (const { record } of entries) {
      // One that was added meanwhile was not asked about.
      record.references = record.references.filter((each) => held.has(each) || !asked.has(each));
    }
  }
}
