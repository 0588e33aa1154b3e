import { round } from "./quantiles.ts";

/** Rates are those of the last one to two of these. */
const WINDOW_MS = 5_000;
/** How long it is counted after somebody has last asked, in milliseconds. */
const INTEREST_MS = 60_000;
/** A shorter time says little. */
const MIN_SPAN_MS = 1_000;

interface Count {
  messages: number;
  bytes: number;
}

interface Window {
  readonly sinceMs: number;
  readonly counts: Map<string, Count>;
}

export interface Rate {
  readonly messagesPerSecond: number;
  readonly bytesPerSecond: number;
}

/** What is published on each channel, counted only while somebody wants to know: it would cost every publish a little. */
export class Activity {
  readonly #nowMs: () => number;
  #current: Window | undefined;
  #before: Window | undefined;
  #wantedUntilMs = 0;

  /** @param nowMs of any clock that only goes forward */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Somebody wants to know: it is counted from now on, for a while. */
  want(): void {
    const nowMs = this.#nowMs();
    this.#wantedUntilMs = nowMs + INTEREST_MS;
    this.#current ??= { sinceMs: nowMs, counts: new Map() };
  }

  add(channel: string, messages: number, bytes: number): void {
    if (this.#current === undefined) return;
    const count = this.#current.counts.get(channel);
    if (count === undefined) return void this.#current.counts.set(channel, { messages, bytes });
    count.messages += messages;
    count.bytes += bytes;
  }

  /** To be called about once a second. */
  tick(): void {
    if (this.#current === undefined) return;
    const nowMs = this.#nowMs();
    if (nowMs > this.#wantedUntilMs) {
      this.#current = undefined;
      this.#before = undefined;
    } else if (nowMs - this.#current.sinceMs >= WINDOW_MS) {
      this.#before = this.#current;
      this.#current = { sinceMs: nowMs, counts: new Map() };
    }
  }

  /** Those on which something was published of late; some of them twice. */
  *channels(): Iterable<string> {
    if (this.#current !== undefined) yield* this.#current.counts.keys();
    if (this.#before !== undefined) yield* this.#before.counts.keys();
  }

  /** `null` while it is not known yet. */
  of(channel: string): Rate | null {
    const windows = [this.#before, this.#current].filter((window) => window !== undefined);
    const spanMs = this.#nowMs() - (windows[0]?.sinceMs ?? Number.POSITIVE_INFINITY);
    if (spanMs < MIN_SPAN_MS) return null;
    let messages = 0;
    let bytes = 0;
    for (const { counts } of windows) {
      const count = counts.get(channel);
      messages += count?.messages ?? 0;
      bytes += count?.bytes ?? 0;
    }
    const seconds = spanMs / 1_000;
    return { messagesPerSecond: round(messages / seconds), bytesPerSecond: round(bytes / seconds) };
  }
}
