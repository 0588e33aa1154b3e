import { MAX_FRAME_CHARS } from "./frames.ts";

/** Changes are gathered for so long, in milliseconds, so that many of them are one frame. */
const GATHER_MS = 20;
/** All of the table is told at most so often, in milliseconds, however many ask. */
export const WHOLE_MS = 1_000;
/** How long the last frame is waited for, in milliseconds. */
const LAST_MS = 500;

export interface SpeakerOptions {
  readonly node: string;
  /** Rejects where the frame may not have come through. */
  readonly send: (json: string) => Promise<void>;
  readonly elapsedMs: () => number;
  readonly schedule: (ms: number, callback: () => void) => () => void;
}

/**
 * What this node says of itself: a table of keys and values, told as it changes, and as a whole to those who ask. One
 * frame is under way at a time, so a backbone that is slow is told the newest of each key, and no queue grows.
 */
export class Speaker {
  readonly #options: SpeakerOptions;
  readonly #topics = new Map<string, Map<string, string>>();
  /** What is to be told; of a key that came and went since, what it was: that it was there may matter to others. */
  readonly #changed = new Map<string, Map<string, string | undefined>>();
  /** What is to be said ahead of changes, the newest of each kind. */
  readonly #short = new Map<string, (at: number) => string>();
  /** How many numbered frames were said. */
  #at = 0;
  #whole: Generator<Part, void> | undefined;
  #isWholeAsked = false;
  #wholeAtMs = Number.NEGATIVE_INFINITY;
  #cancel: (() => void) | undefined;
  #speaking: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: SpeakerOptions) {
    this.#options = options;
  }

  /** Sets a key to a JSON text, or with `undefined` takes it away. */
  set(topic: string, key: string, json: string | undefined): void {
    const table = entryOf(this.#topics, topic, () => new Map<string, string>());
    const before = table.get(key);
    if (before === json) return;
    if (json === undefined) table.delete(key);
    else table.set(key, json);
    const changed = entryOf(this.#changed, topic, () => new Map<string, string | undefined>());
    changed.set(key, json === undefined && changed.has(key) ? before : undefined);
    this.#plan(GATHER_MS);
  }

  /** Somebody wants all of it. */
  tellWhole(): void {
    this.#isWholeAsked = true;
    this.#plan(0);
  }

  /** Says a frame of its own, made with the number of the last `tell` before it. */
  say(kind: string, make: (at: number) => string): void {
    this.#short.set(kind, make);
    this.#cancel?.();
    this.#cancel = undefined;
    this.#begin();
  }

  /** Says a last frame, and nothing more. Never rejects; one that does not come through is waited for a while. */
  async close(last: string): Promise<void> {
    this.#isClosed = true;
    this.#cancel?.();
    const said = async (): Promise<void> => {
      await this.#speaking;
      await this.#options.send(last);
    };
    const late = new Promise<void>((resolve) => this.#options.schedule(LAST_MS, resolve));
    await Promise.race([said().catch(() => undefined), late]);
  }

  #plan(ms: number): void {
    if (this.#speaking !== undefined || this.#cancel !== undefined) return;
    this.#cancel = this.#options.schedule(ms, () => {
      this.#cancel = undefined;
      this.#begin();
    });
  }

  #begin(): void {
    if (this.#isClosed) return;
    this.#speaking ??= this.#speak().finally(() => {
      this.#speaking = undefined;
      if (this.#isWholeAsked) this.#plan(Math.max(0, this.#wholeAtMs - this.#options.elapsedMs()));
    });
  }

  /** Never rejects: what was not heard is asked for by those who did not hear it. */
  async #speak(): Promise<void> {
    try {
      for (let frame = this.#next(); frame !== undefined; frame = this.#next())
        await this.#options.send(frame);
    } catch {
      // A whole that is given up must not be waited for, by those who heard its beginning: they miss a number, and ask again.
      if (this.#whole !== undefined) this.#at++;
      this.#whole = undefined;
    }
  }

  #next(): string | undefined {
    if (this.#isClosed) return undefined;
    for (const [kind, make] of this.#short) {
      this.#short.delete(kind);
      return make(this.#at);
    }
    const changes = this.#takeChanges();
    if (changes !== undefined) return this.#frame("", changes);
    const nowMs = this.#options.elapsedMs();
    if (this.#whole === undefined && this.#isWholeAsked && nowMs >= this.#wholeAtMs) {
      this.#isWholeAsked = false;
      this.#wholeAtMs = nowMs + WHOLE_MS;
      this.#whole = partsOf(this.#topics);
    }
    const part = this.#whole?.next().value;
    if (part === undefined) {
      this.#whole = undefined;
      return undefined;
    }
    return this.#frame(`,"part":"${part.part}"`, part.changes);
  }

  #frame(part: string, changes: ReadonlyMap<string, readonly string[]>): string {
    const topics = [...changes].map(([topic, entries]) => `${JSON.stringify(topic)}:[${entries.join(",")}]`);
    const node = JSON.stringify(this.#options.node);
    return `{"type":"tell","node":${node},"at":${++this.#at}${part},"changes":{${topics.join(",")}}}`;
  }

  /** As many as a frame holds. */
  #takeChanges(): ReadonlyMap<string, readonly string[]> | undefined {
    let chars = 0;
    const taken = new Map<string, string[]>();
    for (const [topic, keys] of this.#changed) {
      for (const [key, passing] of keys) {
        if (chars > MAX_FRAME_CHARS) return taken;
        keys.delete(key);
        const now = entryJson(key, this.#topics.get(topic)?.get(key));
        const entry = passing === undefined ? now : `${entryJson(key, passing)},${now}`;
        chars += entry.length;
        entryOf(taken, topic, () => [] as string[]).push(entry);
      }
    }
    return taken.size === 0 ? undefined : taken;
  }
}

interface Part {
  readonly part: "first" | "more" | "last" | "only";
  readonly changes: ReadonlyMap<string, readonly string[]>;
}

/** The table in parts. It changes meanwhile: a part has what is there when it is made, and what changes after that is told after it. */
function* partsOf(topics: ReadonlyMap<string, ReadonlyMap<string, string>>): Generator<Part, void> {
  let changes = new Map<string, string[]>();
  let chars = 0;
  let isFirst = true;
  for (const [topic, table] of topics) {
    for (const [key, json] of table) {
      if (chars > MAX_FRAME_CHARS) {
        yield { part: isFirst ? "first" : "more", changes };
        isFirst = false;
        changes = new Map();
        chars = 0;
      }
      const entry = entryJson(key, json);
      chars += entry.length;
      entryOf(changes, topic, () => [] as string[]).push(entry);
    }
  }
  yield { part: isFirst ? "only" : "last", changes };
}

function entryJson(key: string, json: string | undefined): string {
  return `[${JSON.stringify(key)},${json ?? "null"}]`;
}

function entryOf<Value>(map: Map<string, Value>, key: string, make: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
}
