import type { LineRange, LogStore } from "./log-store.ts";

/** Requests for lines that are under way at once: what is looked at now does not wait behind what was scrolled past. */
export const MAX_FETCHES = 2;

export interface FetchedLines {
  readonly from: number;
  readonly lines: readonly string[];
  readonly total: number;
}

export interface LogFetcherOptions {
  readonly store: LogStore;
  readonly fetchLines: (from: number, count: number, signal: AbortSignal) => Promise<FetchedLines>;
  /** Lines came, or could not be fetched. */
  readonly onChange: () => void;
}

/** Fetches what is looked at and is not held: the newest wish replaces the one before, but for what is under way. */
export class LogFetcher {
  readonly #options: LogFetcherOptions;
  readonly #stop = new AbortController();
  readonly #underWay = new Set<number>();
  /** By the first line of a range, why it could not be fetched; it is not asked for again before `retry`. */
  readonly #faults = new Map<number, { readonly to: number; readonly message: string }>();
  #wanted: readonly LineRange[] = [];

  constructor(options: LogFetcherOptions) {
    this.#options = options;
  }

  /** These lines are looked at. */
  want(from: number, to: number): void {
    this.#wanted = this.#options.store.missing(from, to);
    this.#next();
  }

  /** Why a line is not here, where it was asked for in vain. */
  faultAt(number: number): string | undefined {
    for (const [from, { to, message }] of this.#faults) if (from <= number && number <= to) return message;
    return undefined;
  }

  get hasFaults(): boolean {
    return this.#faults.size > 0;
  }

  /** What could not be fetched may be now: the connection is back. */
  retry(): void {
    this.#faults.clear();
    this.#next();
  }

  close(): void {
    this.#wanted = [];
    this.#stop.abort();
  }

  #next(): void {
    for (const range of this.#wanted) {
      if (this.#underWay.size >= MAX_FETCHES) return;
      if (this.#underWay.has(range.from) || this.faultAt(range.from) !== undefined) continue;
      void this.#fetch(range);
    }
  }

  async #fetch({ from, to }: LineRange): Promise<void> {
    const { store, fetchLines, onChange } = this.#options;
    this.#underWay.add(from);
    try {
      const fetched = await fetchLines(from, to - from + 1, this.#stop.signal);
      if (this.#stop.signal.aborted) return;
      store.place(fetched.from, fetched.lines);
      store.announce(fetched.total);
      // An answer without the line would be asked for without end.
      if (store.line(from) === undefined)
        this.#faults.set(from, { to, message: `the log file has ${fetched.total} lines` });
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      this.#faults.set(from, { to, message: error instanceof Error ? error.message : String(error) });
    } finally {
      this.#underWay.delete(from);
    }
    this.#wanted = this.#wanted.filter((range) => store.line(range.from) === undefined);
    onChange();
    this.#next();
  }
}
