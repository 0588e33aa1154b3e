import { readdirSync, readFileSync, statSync } from "node:fs";

/** Kept free for what is no connection: files of the log and of artifacts, requests to backends. */
const RESERVED_FILES = 32;
/** Kept free for connections that come at the edge: each is told no, and health and administration are answered. */
export const RESERVED_SOCKETS = 32;
/** Of a small limit no more than this part is kept free. */
const MOST_RESERVED = 0.25;
/** How often it is looked what is open beside connections, in milliseconds. */
const LOOK_MS = 1_000;

/** How a process stands with its file descriptors. */
export interface DescriptorUse {
  /** How many it may have open; `undefined` where that is not known. */
  readonly limit: number | undefined;
  /** How many it has open. */
  readonly count: () => number;
}

/** Says when so many file descriptors are open that the rest has to be kept. */
export class Descriptors {
  readonly #use: DescriptorUse;
  readonly #nowMs: () => number;
  readonly #edge: number;
  #others = 0;
  #lookedMs = Number.NEGATIVE_INFINITY;

  /** `nowMs`: any clock that goes forward. */
  constructor(use: DescriptorUse = ownDescriptors(), nowMs: () => number = () => performance.now()) {
    this.#use = use;
    this.#nowMs = nowMs;
    const { limit = Number.POSITIVE_INFINITY } = use;
    this.#edge = limit === Number.POSITIVE_INFINITY ? limit : limit - reserveOf(limit);
  }

  /** Whether another connection beside this many would go into the reserve. */
  isAtEdge(sockets: number): boolean {
    if (this.#edge === Number.POSITIVE_INFINITY) return false;
    const nowMs = this.#nowMs();
    if (nowMs - this.#lookedMs >= LOOK_MS) {
      this.#lookedMs = nowMs;
      this.#others = Math.max(0, this.#use.count() - sockets);
    }
    return sockets + this.#others > this.#edge;
  }

  /** What is wrong with the limit for so many connections, and what to do; `undefined` where it is enough or not known. */
  advice(maxConnections: number): string | undefined {
    const { limit } = this.#use;
    const needed = maxConnections + RESERVED_FILES + RESERVED_SOCKETS;
    if (limit === undefined || limit >= needed) return undefined;
    return (
      `the process may have ${limit} files open, a connection each, and limits.maxConnections is ${maxConnections}: from ` +
      `${this.#edge} open files on new connections get 503. Raise the limit (ulimit -n ${needed}, or LimitNOFILE=${needed} of systemd), ` +
      "or lower maxConnections."
    );
  }
}

function reserveOf(limit: number): number {
  return Math.min(RESERVED_FILES + RESERVED_SOCKETS, Math.floor(limit * MOST_RESERVED));
}

/** Of this process, as Linux tells it; elsewhere the limit is not known. */
function ownDescriptors(): DescriptorUse {
  return { limit: ownLimit(), count: countOpen };
}

function ownLimit(): number | undefined {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}

function countOpen(): number {
  try {
    // Linux tells the number since 6.2; before, the names have to be counted.
    const { size } = statSync("/proc/self/fd");
    return size > 0 ? size : readdirSync("/proc/self/fd").length;
  } catch {
    return 0;
  }
}
