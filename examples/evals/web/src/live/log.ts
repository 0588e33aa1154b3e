import { type Signal, signal } from "@preact/signals";
import { onceAFrame } from "@tidings/ui";
import { channelOf, LogEvents } from "../../../shared/channels.ts";
import { LogFetcher } from "../logic/log-fetcher.ts";
import { LogStore } from "../logic/log-store.ts";
import { fetchLines } from "./api.ts";
import { onBack, tidings } from "./client.ts";
import { LogSearch } from "./log-search.ts";

/** Messages of the log that are read from its channel at first; the lines before them are fetched when they are looked at. */
const LAST_MESSAGES = 20;

/** The log of one run: what is live, what is fetched, and what is searched for. */
export class LogModel implements Disposable {
  readonly store: LogStore = new LogStore();
  readonly fetcher: LogFetcher;
  readonly search: LogSearch;
  readonly total: Signal<number> = signal(0);
  /** Changes whenever lines came. */
  readonly version: Signal<number> = signal(0);
  readonly isRead: Signal<boolean> = signal(false);
  readonly isFollowing: Signal<boolean> = signal(true);
  /** Lines chosen by their numbers. */
  readonly selected: Signal<{ readonly from: number; readonly to: number } | undefined> = signal(undefined);
  /** Where messages of the channel were gone before they were read: the first line after them. */
  readonly gaps: Signal<readonly number[]> = signal([]);
  /** A line that is to be shown: set by whoever points at one, taken by the view. */
  readonly jump: Signal<number | undefined> = signal(undefined);
  readonly #ends: (() => void)[] = [];

  constructor(id: string) {
    const changed = onceAFrame(() => {
      this.total.value = this.store.total;
      this.version.value++;
    });
    this.fetcher = new LogFetcher({
      store: this.store,
      fetchLines: (from, count, signal) => fetchLines(id, from, count, signal),
      onChange: changed,
    });
    this.search = new LogSearch(id, (line) => (this.jump.value = line));
    const channel = tidings.channel(channelOf(id, "log"), {
      last: LAST_MESSAGES,
      schema: LogEvents,
    });
    let isAfterGap = false;
    this.#ends.push(
      channel.on("lines", ({ from, lines }) => {
        if (isAfterGap) this.gaps.value = [...this.gaps.value, from];
        isAfterGap = false;
        this.store.place(from, lines);
        changed();
      }),
      channel.on("skipped", ({ from, count }) => {
        this.store.skip(from, count);
        changed();
      }),
      channel.on("gap", () => (isAfterGap = true)),
      channel.on("caught-up", () => {
        this.isRead.value = true;
        changed();
      }),
      channel.on("error", () => (this.isRead.value = true)), // the file is there all the same
      onBack(() => this.fetcher.retry()),
    );
  }

  /** The log has so many lines, as the run itself says. */
  announce(lines: number): void {
    this.store.announce(lines);
    this.total.value = this.store.total;
  }

  [Symbol.dispose](): void {
    for (const end of this.#ends) end();
    this.fetcher.close();
    this.search.close();
  }
}
