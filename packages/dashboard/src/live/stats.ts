import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { now, onceAFrame, say } from "@tidings/ui";
import { type Moment, RANGES, type RangeId } from "../logic/ranges.ts";
import { tidings } from "./client.ts";
import type { Sample } from "./shapes.ts";

/** What is kept here of each, a little more than the server does: after a restart of it, the page still knows. */
const MAX_SECONDS = 1_200;
const MAX_TENS = 2_400;

/** Samples of one channel, as they come. */
class Samples {
  readonly #channel: string;
  readonly #max: number;
  readonly #moments: Moment[] = [];
  readonly version: Signal<number> = signal(0);
  readonly #changed = onceAFrame(() => this.version.value++);
  #isRead = false;

  constructor(channel: string, max: number) {
    this.#channel = channel;
    this.#max = max;
  }

  /** Begins to read, with all that the server holds; once. */
  read(): void {
    if (this.#isRead) return;
    this.#isRead = true;
    tidings
      .channel<{ sample: Sample }>(this.#channel, { since: "earliest" })
      .on("sample", (sample, { time }) => this.#add(sample, Date.parse(time)));
  }

  get all(): readonly Moment[] {
    void this.version.value;
    return this.#moments;
  }

  #add(sample: Sample, atMs: number): void {
    const before = this.#moments.at(-1);
    // A clock that was set back would draw lines backwards.
    if (before !== undefined && atMs <= before.atMs) return;
    if (before !== undefined && before.sample.node !== sample.node && this.#channel === SECONDS)
      say("The server was started anew.");
    this.#moments.push({ atMs, sample });
    if (this.#moments.length > this.#max) this.#moments.splice(0, this.#moments.length - this.#max);
    skewMs = Math.min(skewMs, Date.now() - atMs);
    this.#changed();
  }
}

const SECONDS = "$tidings/stats";
const seconds = new Samples(SECONDS, MAX_SECONDS);
const tens = new Samples("$tidings/stats/10s", MAX_TENS);
/** How far this device's clock is ahead of the server's, with the way here; in milliseconds. */
let skewMs = Number.POSITIVE_INFINITY;

export const rangeId: Signal<RangeId> = signal("15m");

/** The newest sample. */
export const newest: ReadonlySignal<Moment | undefined> = computed(() => seconds.all.at(-1));
/** The last few seconds, the newest last. */
export const recent: ReadonlySignal<readonly Moment[]> = computed(() => seconds.all.slice(-10));

/** What is in sight: seconds since the epoch, by the server's clock. It goes on while nothing comes, which so is seen. */
export const window: ReadonlySignal<readonly [from: number, to: number]> = computed(() => {
  const last = newest.value?.atMs ?? 0;
  const at = Number.isFinite(skewMs) ? Math.max(last, now.value - skewMs - 1_000) : now.value;
  return [(at - RANGES[rangeId.value].ms) / 1_000, at / 1_000];
});

/** What is drawn for the range that is chosen. */
export const inSight: ReadonlySignal<readonly Moment[]> = computed(() => {
  const { ms, isOfTens } = RANGES[rangeId.value];
  const samples = isOfTens ? tens : seconds;
  samples.read();
  const all = samples.all;
  const fromMs = (all.at(-1)?.atMs ?? 0) - ms;
  return all.filter(({ atMs }) => atMs >= fromMs);
});

seconds.read();
