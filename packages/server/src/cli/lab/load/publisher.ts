import { type Channel, connect, type Tidings } from "@tidings/client/ws";
import { payloadOf } from "./payload.ts";

/** So many messages wait for their answer at most: as many as the client keeps. */
const MAX_PENDING = 1_000;
const MAX_PENDING_BYTES = 4_194_304;
/** What is later than this is not caught up with, as where the machine slept. */
const LATE_MS = 1_000;

/**
 * Publishes the run's stream at an even rate, straight to the server: no fault of the paths befalls it. While the server is gone the
 * client keeps what it was given, and sends it once, in order; what it has no room for is skipped, and has no number.
 */
export class Publisher {
  readonly #client: Tidings;
  readonly #channel: Channel;
  readonly #size: number;
  readonly #maxPending: number;
  #timer: NodeJS.Timeout | undefined;
  /** Since when, and how many since: what is due is known by them. */
  #sinceMs = 0;
  #count = 0;
  #rate = 0;
  published = 0;
  acknowledged = 0;
  skipped = 0;
  /** Publishes that failed for good, such as after four minutes without a server: their numbers are in nobody's stream. */
  failed = 0;

  constructor(url: string, channel: string, size: number) {
    // Short pauses: how soon readers come back is measured by what this one publishes.
    this.#client = connect(url, { tuning: { backoffMs: 50, maxBackoffMs: 100, publishMs: 0 } });
    this.#client.on("error", () => undefined);
    this.#channel = this.#client.channel(channel);
    this.#size = size;
    this.#maxPending = Math.max(1, Math.min(MAX_PENDING, Math.floor(MAX_PENDING_BYTES / size)));
  }

  /** From now on at this rate, in messages a second. */
  start(rate: number): void {
    this.stop();
    this.#rate = rate;
    this.#begin();
    this.#tick();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  close(): void {
    this.stop();
    this.#client.close();
  }

  get #pending(): number {
    return this.published - this.acknowledged - this.failed;
  }

  #begin(): void {
    this.#sinceMs = performance.now();
    this.#count = 0;
  }

  #tick(): void {
    const lateMs = performance.now() - this.#dueMs();
    const due = this.#due();
    while (this.#count < due && this.#pending < this.#maxPending) this.#publish();
    const left = this.#due() - this.#count;
    // No burst follows what could not be published: it would be another rate than the one asked for.
    if (left > 0 && (this.#pending >= this.#maxPending || lateMs > LATE_MS)) {
      this.skipped += left;
      this.#begin();
    }
    this.#timer = setTimeout(() => this.#tick(), Math.max(1, this.#dueMs() - performance.now()));
  }

  /** When the next one is. */
  #dueMs(): number {
    return this.#sinceMs + ((this.#count + 1) * 1_000) / this.#rate;
  }

  #due(): number {
    return Math.floor(((performance.now() - this.#sinceMs) * this.#rate) / 1_000);
  }

  #publish(): void {
    this.#count++;
    this.#channel.publish("message", payloadOf(++this.published, this.#size)).then(
      () => this.acknowledged++,
      () => this.failed++,
    );
  }
}
