import { type FileHandle, open, stat } from "node:fs/promises";
import type { LogLevel, LogLines, LogMatches } from "../shared/evaluation.ts";

/** Lines from one noted offset to the next. */
const STRIDE = 1_000;
const READ_BYTES = 262_144;
/** Bytes of the log that one search looks through; the answer's `next` goes on. */
const MAX_SCAN_BYTES = 134_217_728;
/** Logs whose offsets are held; the one that was asked for longest ago goes first. */
const MAX_INDEXES = 200;
const LF = 0x0a;
/** Time, a space, and the level after it. */
const LEVEL_AT = 25;

/** Finds lines of logs by number: of each log it holds where every 1,000th line begins, as far as it was looked at. */
export class LogIndexes {
  readonly #indexes = new Map<string, LogIndex>();

  of(path: string): LogIndex {
    const index = this.#indexes.get(path) ?? new LogIndex(path);
    this.#indexes.delete(path);
    this.#indexes.set(path, index);
    const [oldest] = this.#indexes.keys();
    if (this.#indexes.size > MAX_INDEXES && oldest !== undefined) this.#indexes.delete(oldest);
    return index;
  }

  delete(path: string): void {
    this.#indexes.delete(path);
  }
}

/** One log's lines by number, 1 first. The log may grow meanwhile; one that is not there yet is empty. */
export class LogIndex {
  readonly #path: string;
  /** Where the lines 1, 1,001, 2,001… begin. */
  readonly #offsets = [0];
  /** Whole lines, and bytes of them, that were looked at. */
  #lines = 0;
  #bytes = 0;
  #extending: Promise<void> = Promise.resolve();

  constructor(path: string) {
    this.#path = path;
  }

  async lines(from: number, count: number): Promise<LogLines> {
    await this.#extend();
    const lines: string[] = [];
    const total = this.#lines;
    if (from <= total) {
      await this.#each(from, (_, line) => {
        lines.push(line);
        return lines.length < Math.min(count, total - from + 1);
      });
    }
    return { from, lines, total };
  }

  /** Lines after `after` whose text has `text` in it, letter case aside, in order. */
  async search(query: {
    readonly text: string;
    readonly level?: LogLevel | undefined;
    readonly after: number;
    readonly limit: number;
  }): Promise<LogMatches> {
    await this.#extend();
    const { level, after, limit } = query;
    const text = query.text.toLowerCase();
    const total = this.#lines;
    const matches: { line: number; text: string }[] = [];
    let last = Math.min(after, total);
    let bytes = 0;
    if (after < total) {
      await this.#each(after + 1, (number, line) => {
        last = number;
        bytes += line.length + 1;
        const isOfLevel = level === undefined || line.startsWith(`${level} `, LEVEL_AT);
        if (isOfLevel && line.toLowerCase().includes(text, LEVEL_AT))
          matches.push({ line: number, text: line });
        return matches.length < limit && bytes < MAX_SCAN_BYTES && number < total;
      });
    }
    const scanned = Math.max(0, last - after);
    return last < total ? { matches, scanned, next: last } : { matches, scanned };
  }

  /** Goes through whole lines from one on, for as long as it is wanted. */
  async #each(from: number, take: (number: number, line: string) => boolean): Promise<void> {
    const block = Math.floor((from - 1) / STRIDE);
    let number = block * STRIDE;
    let held = "";
    const file = await open(this.#path, "r");
    try {
      const decoder = new TextDecoder();
      for await (const bytes of parts(file, this.#offsets[block] ?? 0, this.#bytes)) {
        const lines = (held + decoder.decode(bytes, { stream: true })).split("\n");
        held = lines.pop() ?? "";
        for (const line of lines) {
          number += 1;
          if (number >= from && !take(number, line)) return;
        }
      }
    } finally {
      await file.close();
    }
  }

  /** Looks at what was added since. */
  async #extend(): Promise<void> {
    // One at a time: two would both count what both read.
    const mine = this.#extending.then(async () => this.#extendNow());
    this.#extending = mine.catch(() => undefined);
    return mine;
  }

  async #extendNow(): Promise<void> {
    const size = await stat(this.#path).then(
      (file) => file.size,
      () => 0,
    );
    if (size <= this.#bytes) return;
    const file = await open(this.#path, "r");
    try {
      let at = this.#bytes;
      for await (const bytes of parts(file, at, size)) {
        for (let end = bytes.indexOf(LF); end >= 0; end = bytes.indexOf(LF, end + 1)) {
          this.#lines += 1;
          this.#bytes = at + end + 1;
          if (this.#lines % STRIDE === 0) this.#offsets.push(this.#bytes);
        }
        at += bytes.length;
      }
    } finally {
      await file.close();
    }
  }
}

/** What is in a stretch of a file, in parts that share one buffer: each is gone when the next one comes. */
async function* parts(file: FileHandle, from: number, to: number): AsyncGenerator<Buffer, void, void> {
  const buffer = Buffer.allocUnsafeSlow(Math.min(READ_BYTES, Math.max(1, to - from)));
  for (let at = from; at < to;) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, to - at), at);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
    at += bytesRead;
  }
}
