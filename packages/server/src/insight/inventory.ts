import type { ChannelDescription, Log } from "@tidings/core";

/** How many channels the log is asked for at a time: some milliseconds of its work. */
const PAGE_CHANNELS = 100;
/** What part of the event loop a walk may take: the first, which somebody waits for, and those that keep it fresh. */
const FIRST_SHARE = 0.33;
const FRESH_SHARE = 0.01;
/** How old a walk may be before the next one is begun, in milliseconds. */
const FRESH_MS = 5_000;
/** How long it is kept after somebody has last asked, in milliseconds: it takes about 200 bytes a channel. */
const INTEREST_MS = 60_000;

type Held = Pick<ChannelDescription, "channel" | "messages" | "bytes" | "head">;

/**
 * What the log holds of every channel, by name, as it was some seconds ago: there while somebody wants to know, since only a walk
 * through the whole log tells. A walk takes a small part of the event loop at a time.
 */
export class Inventory {
  readonly #log: Log;
  /** The last whole walk. */
  #held: readonly Held[] | undefined;
  /** The one that is under way. */
  #walk: { readonly found: Held[]; readonly over: Promise<void> } | undefined;
  #walkedAtMs = Number.NEGATIVE_INFINITY;
  #wantedAtMs = 0;
  #isClosed = false;
  #walks = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  /** What is known: of the first walk what it has found yet. */
  get held(): readonly Held[] {
    return this.#held ?? this.#walk?.found ?? [];
  }

  /** How many walks have come to their end. */
  get walks(): number {
    return this.#walks;
  }

  /** Whether every channel was looked at. */
  get isWhole(): boolean {
    return this.#held !== undefined;
  }

  /** Somebody wants to know. Resolves once there is a whole walk, or the time is over; an error of the log ends the walk. */
  async want(patienceMs: number): Promise<void> {
    this.#wantedAtMs = performance.now();
    if (this.#walk === undefined && performance.now() - this.#walkedAtMs > FRESH_MS) this.#begin();
    if (this.#held !== undefined || this.#walk === undefined) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, patienceMs)));
    await Promise.race([this.#walk.over, late]);
    clearTimeout(timer);
  }

  /** To be called about once a second. */
  tick(): void {
    if (performance.now() - this.#wantedAtMs > INTEREST_MS) this.#held = undefined;
  }

  close(): void {
    this.#isClosed = true;
  }

  #begin(): void {
    const found: Held[] = [];
    const over = this.#go(found, this.#held === undefined ? FIRST_SHARE : FRESH_SHARE).then(
      (isWhole) => {
        if (!isWhole) return;
        this.#held = found;
        this.#walks++;
      },
      // The log is in trouble, which it tells those who use it; the next one who asks begins anew.
      () => undefined,
    );
    this.#walk = { found, over: over.finally(() => this.#ended()) };
  }

  #ended(): void {
    this.#walk = undefined;
    this.#walkedAtMs = performance.now();
  }

  async #go(found: Held[], share: number): Promise<boolean> {
    for (let after = ""; ;) {
      if (this.#isClosed) return false;
      const beganMs = performance.now();
      const page = await this.#log.channels({ prefix: "", after, limit: PAGE_CHANNELS });
      for (const { channel, messages, bytes, head } of page) found.push({ channel, messages, bytes, head });
      // One that is being made may not be shown yet: a page is the last one only where it is empty.
      const last = page.at(-1);
      if (last === undefined) return true;
      after = last.channel;
      const tookMs = performance.now() - beganMs;
      await new Promise((resolve) => setTimeout(resolve, tookMs / share - tookMs).unref());
    }
  }
}
