import { type Message, messageBytes } from "@tidings/protocol";

/** What is kept of one channel at most; the oldest goes first. */
const MAX_KEYS = 1_000;
const MAX_BYTES = 262_144;
/** An ephemeral message is about now: a reader that comes back later is better off without it. */
const MAX_AGE_MS = 30_000;

interface Entry {
  readonly message: Message;
  /** Its place among all ephemeral messages of the channel. */
  readonly at: number;
}

/**
 * The newest ephemeral message of each key of one channel, for readers that were behind when it was passed on. Places
 * are counted from 1 over all ephemeral messages, with a key or without, so that a reader's own place is a number.
 */
export class NewestEphemeral {
  /** The oldest first, as a Map keeps them. */
  readonly #newest = new Map<string, Entry>();
  #bytes = 0;
  #last = 0;

  /** How many keys are kept. */
  get size(): number {
    return this.#newest.size;
  }

  /** Takes what the tail reports; messages that are kept by the log are passed over. */
  add(messages: readonly Message[], nowMs: number): void {
    for (const message of messages) {
      if (message.offset > 0) continue;
      this.#last++;
      const { key } = message;
      if (key === undefined) continue;
      this.#forget(key);
      this.#newest.set(key, { message, at: this.#last });
      this.#bytes += messageBytes(message);
    }
    this.trim(nowMs);
  }

  /** Those above the place `from`, up to and with `to`, in order. */
  between(from: number, to: number, nowMs: number): readonly Message[] {
    this.trim(nowMs);
    const found: Message[] = [];
    for (const { message, at } of this.#newest.values()) if (at > from && at <= to) found.push(message);
    return found;
  }

  clear(): void {
    this.#newest.clear();
    this.#bytes = 0;
  }

  /** Lets those go that are too old, or too many. */
  trim(nowMs: number): void {
    for (const [key, { message }] of this.#newest) {
      const isFresh = nowMs - message.timeMs <= MAX_AGE_MS;
      if (isFresh && this.#newest.size <= MAX_KEYS && this.#bytes <= MAX_BYTES) return;
      this.#forget(key);
    }
  }

  #forget(key: string): void {
    const entry = this.#newest.get(key);
    if (entry === undefined) return;
    this.#newest.delete(key);
    this.#bytes -= messageBytes(entry.message);
  }
}
