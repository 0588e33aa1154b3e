/** What decides when an evaluation begins. */
export interface Waiting {
  /** Higher begins first. */
  readonly priority: number;
  /** Rises with each one that is made: of two with one priority the older one begins first. */
  readonly seq: number;
}

/** For `toSorted`: the next one to begin is the first. */
export function byTurn(a: Waiting, b: Waiting): number {
  return b.priority - a.priority || a.seq - b.seq;
}
