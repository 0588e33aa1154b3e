import type { FaultKind } from "../bounds.ts";
import type { Outage, Return } from "../shapes.ts";

const MAX_OUTAGES = 20;

/** Which readers have a message that was published after a moment, and how long after it they had it. */
class Awaited {
  readonly atMs: number;
  readonly #waiting: Set<object>;
  readonly #tookMs: number[] = [];

  constructor(atMs: number, readers: Iterable<object>) {
    this.atMs = atMs;
    this.#waiting = new Set(readers);
  }

  get isOver(): boolean {
    return this.#waiting.size === 0;
  }

  got(reader: object, sentAtMs: number, nowMs: number): void {
    if (sentAtMs < this.atMs || !this.#waiting.delete(reader)) return;
    this.#tookMs.push(nowMs - this.atMs);
  }

  report(): Return {
    const sorted = this.#tookMs.toSorted((one, other) => one - other);
    const at = (share: number): number | null => {
      const ms = sorted[Math.ceil(sorted.length * share) - 1];
      return ms === undefined ? null : Number(ms.toFixed(1));
    };
    return { back: sorted.length, p50Ms: at(0.5), maxMs: this.isOver ? at(1) : null };
  }
}

interface Kept {
  readonly kind: FaultKind;
  readonly on: Awaited;
  off: Awaited | undefined;
}

/** What faults did to the readers of one transport. */
export class Outages {
  #kept: Kept[] = [];
  /** Looked at with each message, so only while there is something to wait for. */
  #awaited: Awaited[] = [];

  /** A fault is at work: nothing that is published from now on gets through it. */
  begin(kind: FaultKind, atMs: number, readers: Iterable<object>): void {
    const on = new Awaited(atMs, readers);
    this.#kept = [...this.#kept, { kind, on, off: undefined }].slice(-MAX_OUTAGES);
    this.#awaited.push(on);
  }

  /** It is about to be lifted. */
  end(kind: FaultKind, atMs: number, readers: Iterable<object>): void {
    const kept = this.#kept.findLast((each) => each.kind === kind && each.off === undefined);
    if (kept === undefined) return;
    kept.off = new Awaited(atMs, readers);
    this.#awaited.push(kept.off);
  }

  got(reader: object, sentAtMs: number, nowMs: number): void {
    if (this.#awaited.length === 0) return;
    for (const awaited of this.#awaited) awaited.got(reader, sentAtMs, nowMs);
    if (this.#awaited.some(({ isOver }) => isOver))
      this.#awaited = this.#awaited.filter(({ isOver }) => !isOver);
  }

  report(): readonly Outage[] {
    return this.#kept.map(({ kind, on, off }) => ({
      kind,
      onAtMs: on.atMs,
      offAtMs: off?.atMs ?? null,
      fromOn: on.report(),
      fromOff: off?.report() ?? null,
    }));
  }
}
