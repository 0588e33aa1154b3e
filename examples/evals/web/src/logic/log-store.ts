/** What of a log is held: the rest is fetched by its number when it is looked at. */
export const LOG_STORE_LIMITS = {
  /** Lines of one block. */
  blockLines: 500,
  /** Blocks held at most; the one that was looked at longest ago goes first. */
  maxBlocks: 200,
  /** Characters held at most, whatever the number of blocks: a line may have 8 KiB. */
  maxChars: 33_554_432,
  /** Ranges of skipped lines that are remembered to be told in place; the oldest go first. */
  maxSkipped: 1_000,
} as const;

/** Lines `from` to `to`, both with. */
export interface LineRange {
  readonly from: number;
  readonly to: number;
}

interface Block {
  /** By their place in the block; a hole is a line that is not here. */
  readonly lines: (string | undefined)[];
  chars: number;
  held: number;
}

/**
 * The lines of one log by their number, 1 first. A line is placed by its number however it came, live or fetched, so a
 * connection that begins anew can neither double a line nor hide one: what is not here is a hole, and `missing` says where.
 */
export class LogStore {
  /** In the order in which they were looked at: a `Map` keeps it. */
  readonly #blocks = new Map<number, Block>();
  readonly #skipped: LineRange[] = [];
  readonly #limits: { readonly blockLines: number; readonly maxBlocks: number; readonly maxChars: number };
  #total = 0;
  #chars = 0;

  constructor(limits: Partial<Record<keyof typeof LOG_STORE_LIMITS, number>> = {}) {
    this.#limits = { ...LOG_STORE_LIMITS, ...limits };
  }

  /** The highest number that was heard of. */
  get total(): number {
    return this.#total;
  }

  get heldBlocks(): number {
    return this.#blocks.size;
  }

  get heldChars(): number {
    return this.#chars;
  }

  /** The log has so many lines; it never shrinks. */
  announce(total: number): void {
    if (total > this.#total) this.#total = total;
  }

  /** Lines that are in the file, and were not sent. */
  skip(from: number, count: number): void {
    if (count < 1) return;
    this.announce(from + count - 1);
    const last = this.#skipped.at(-1);
    if (last !== undefined && last.to + 1 === from)
      this.#skipped[this.#skipped.length - 1] = { from: last.from, to: from + count - 1 };
    else if (!this.#skipped.some((range) => range.from <= from && from <= range.to))
      this.#skipped.push({ from, to: from + count - 1 });
    if (this.#skipped.length > LOG_STORE_LIMITS.maxSkipped) this.#skipped.shift();
  }

  /** The skipped range that begins at this line. */
  skippedAt(number: number): LineRange | undefined {
    return this.#skipped.find((range) => range.from === number);
  }

  get skippedLines(): number {
    return this.#skipped.reduce((sum, range) => sum + range.to - range.from + 1, 0);
  }

  place(from: number, lines: readonly string[]): void {
    if (from < 1) throw new RangeError(`a log has no line ${from}: the first is 1`);
    lines.forEach((line, at) => this.#placeOne(from + at, line));
    this.announce(from + lines.length - 1);
    this.#evict();
  }

  line(number: number): string | undefined {
    const { blockLines } = this.#limits;
    const block = this.#blocks.get(Math.floor((number - 1) / blockLines));
    return block?.lines[(number - 1) % blockLines];
  }

  /** What of `from` to `to` is not here, in ranges that do not cross blocks; and marks these blocks as looked at. */
  missing(from: number, to: number): readonly LineRange[] {
    const { blockLines } = this.#limits;
    const first = Math.max(1, from);
    const last = Math.min(this.#total, to);
    const ranges: LineRange[] = [];
    for (let at = Math.floor((first - 1) / blockLines); at * blockLines < last; at++) {
      const block = this.#blocks.get(at);
      if (block !== undefined) {
        this.#blocks.delete(at);
        this.#blocks.set(at, block);
      }
      if (block?.held === blockLines) continue;
      // The whole block is asked for, not what is visible of it: scrolling on then finds it here.
      const end = Math.min(this.#total, (at + 1) * blockLines);
      let hole: number | undefined;
      for (let number = at * blockLines + 1; number <= end + 1; number++) {
        const isHole = number <= end && block?.lines[(number - 1) % blockLines] === undefined;
        if (isHole) hole ??= number;
        else if (hole !== undefined) {
          ranges.push({ from: hole, to: number - 1 });
          hole = undefined;
        }
      }
    }
    return ranges;
  }

  #placeOne(number: number, line: string): void {
    const { blockLines } = this.#limits;
    const at = Math.floor((number - 1) / blockLines);
    let block = this.#blocks.get(at);
    if (block === undefined) {
      block = { lines: [], chars: 0, held: 0 };
      this.#blocks.set(at, block);
    }
    const place = (number - 1) % blockLines;
    const before = block.lines[place];
    block.lines[place] = line;
    if (before === undefined) block.held++;
    const added = line.length - (before?.length ?? 0);
    block.chars += added;
    this.#chars += added;
  }

  #evict(): void {
    const { maxBlocks, maxChars } = this.#limits;
    for (const [at, block] of this.#blocks) {
      if (this.#blocks.size <= maxBlocks && this.#chars <= maxChars) return;
      if (this.#blocks.size === 1) return; // what was placed just now stays, however long its lines are
      this.#blocks.delete(at);
      this.#chars -= block.chars;
    }
  }
}
