import type { PresenceListener, Roster } from "./roster.ts";

export interface FlusherOptions {
  /** Between two flushes, in milliseconds. */
  readonly flushMs: number;
  /** Calls back after so many milliseconds; what it answers takes that back. */
  readonly schedule: (ms: number, callback: () => void) => () => void;
  /** Calls back after the work of this turn of the event loop. */
  readonly defer: (callback: () => void) => void;
}

/** How many listeners are written to in one turn of the event loop: messages must not wait for a crowd's presence. */
const PART = 256;

/**
 * Gathers the changes of all channels for a window, and then tells each channel's listeners by one frame. The first
 * change after a quiet time waits the window out as well: what comes at once, as after a reconnect of many, is one frame.
 */
export class Flusher {
  readonly #options: FlusherOptions;
  #dirty = new Set<Roster>();
  #cancel: (() => void) | undefined;
  #isFlushing = false;
  #isClosed = false;

  constructor(options: FlusherOptions) {
    this.#options = options;
  }

  /** Something in it has changed. */
  changed(roster: Roster): void {
    this.#dirty.add(roster);
    this.#arm();
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel?.();
    this.#dirty.clear();
  }

  #arm(): void {
    if (this.#isClosed || this.#isFlushing || this.#cancel !== undefined || this.#dirty.size === 0) return;
    this.#cancel = this.#options.schedule(this.#options.flushMs, () => {
      this.#cancel = undefined;
      this.#isFlushing = true;
      const dirty = this.#dirty;
      this.#dirty = new Set();
      this.#run(tellings(dirty));
    });
  }

  #run(writes: Iterator<void>): void {
    for (let count = 0; count < PART && !this.#isClosed; count++) {
      if (writes.next().done === true) {
        this.#isFlushing = false;
        this.#arm();
        return;
      }
    }
    if (!this.#isClosed) this.#options.defer(() => this.#run(writes));
  }
}

function* tellings(rosters: Iterable<Roster>): Generator<void, void> {
  for (const roster of rosters) {
    const encode = roster.flush();
    for (const watcher of [...roster.watchers]) watcher();
    yield;
    if (encode === undefined) continue;
    // Those that begin from here on get a snapshot that has this flush's changes.
    for (const listener of [...roster.listeners] as readonly PresenceListener[]) {
      if (!roster.listeners.has(listener)) continue;
      listener.tell(roster, encode(listener.codec));
      yield;
    }
  }
}
