import { batch, computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { searchLog } from "./api.ts";

/** Matches of one answer, and held in all: above it only more words help. */
const PAGE_MATCHES = 500;
const MAX_MATCHES = 10_000;
/** Milliseconds after the last key until the server is asked. */
const TYPING_MS = 180;

export interface Match {
  readonly line: number;
  readonly text: string;
}

/** A search in the log by the server, page by page; what is written meanwhile is searched as it comes. */
export class LogSearch {
  readonly text: Signal<string> = signal("");
  readonly level: Signal<string> = signal("");
  readonly matches: Signal<readonly Match[]> = signal([]);
  /** The match that was jumped to, by its place. */
  readonly current: Signal<number> = signal(-1);
  readonly isBusy: Signal<boolean> = signal(false);
  readonly fault: Signal<string | undefined> = signal(undefined);
  readonly hasMore: Signal<boolean> = signal(false);
  readonly isActive: ReadonlySignal<boolean> = computed(
    () => this.text.value !== "" || this.level.value !== "",
  );
  readonly #id: string;
  readonly #show: (line: number) => void;
  /** Where somebody wanted to go before there was an answer. */
  #wanted: 1 | -1 | undefined;
  /** The last line that was searched. */
  #searchedTo = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #underWay: AbortController | undefined;

  /** `show` is called with the line of a match that is gone to. */
  constructor(id: string, show: (line: number) => void) {
    this.#id = id;
    this.#show = show;
  }

  set(text: string, level: string): void {
    if (text === this.text.value && level === this.level.value) return;
    this.#stop();
    batch(() => {
      this.text.value = text;
      this.level.value = level;
      this.matches.value = [];
      this.current.value = -1;
      this.fault.value = undefined;
      this.hasMore.value = false;
    });
    this.#searchedTo = 0;
    if (!this.isActive.value) return;
    this.isBusy.value = true;
    this.#timer = setTimeout(() => void this.#ask(), TYPING_MS);
  }

  /** The next page; and for a log that grew to `total`, what is new in it. */
  more(total: number = 0): void {
    const isWorth = this.hasMore.value || total > this.#searchedTo;
    if (!this.isActive.value || this.isBusy.value || !isWorth || this.matches.value.length >= MAX_MATCHES)
      return;
    this.isBusy.value = true;
    void this.#ask();
  }

  /** Goes to the next match, or the one before, around the ends; who is faster than the answer gets there with it. */
  step(by: 1 | -1): void {
    const all = this.matches.value;
    if (all.length === 0) {
      if (this.isBusy.value) this.#wanted = by;
      return;
    }
    const from = this.current.value === -1 && by === -1 ? 0 : this.current.value;
    if (from + by >= all.length && this.hasMore.value) this.more();
    this.current.value = (from + by + all.length) % all.length;
    const found = all[this.current.value];
    if (found !== undefined) this.#show(found.line);
  }

  close(): void {
    this.#stop();
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#underWay?.abort();
    this.#underWay = undefined;
    this.#wanted = undefined;
    this.isBusy.value = false;
  }

  async #ask(): Promise<void> {
    const underWay = new AbortController();
    this.#underWay = underWay;
    const query = {
      text: this.text.value,
      level: this.level.value,
      after: this.#searchedTo,
      limit: PAGE_MATCHES,
    };
    try {
      const { matches, next, scanned } = await searchLog(this.#id, query, underWay.signal);
      if (underWay.signal.aborted) return;
      this.#searchedTo = next ?? this.#searchedTo + scanned;
      batch(() => {
        if (matches.length > 0)
          this.matches.value = [...this.matches.value, ...matches].slice(0, MAX_MATCHES);
        this.hasMore.value = next !== undefined;
        this.fault.value = undefined;
        this.isBusy.value = false;
      });
      if (this.#wanted !== undefined && this.matches.value.length > 0) {
        this.step(this.#wanted);
        this.#wanted = undefined;
      }
      // A part of a large log without a match is no answer yet.
      if (next !== undefined && this.matches.value.length === 0) this.more();
    } catch (error) {
      if (underWay.signal.aborted) return;
      this.fault.value = error instanceof Error ? error.message : String(error);
      this.isBusy.value = false;
    }
  }
}
