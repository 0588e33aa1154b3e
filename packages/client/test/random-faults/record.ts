/** Where a message is in its channel's log; the run's server keeps all, so offsets have no holes. */
export function offsetOf(cursor: string | undefined): number {
  return Number.parseInt(cursor?.split(".")[1] ?? "", 10);
}

/** What one reader brought to the application, from where it began, over all its connections. */
export class Record {
  readonly channel: string;
  readonly what: string;
  /** The offset that it has begun after; `undefined` while that is the server's to say. */
  #begun: number | undefined;
  readonly #names = new Map<number, string>();
  #last = 0;
  /** The cursor to go on from. */
  cursor: string | undefined;
  /** As far as it has said to be complete: what came, or where it has caught up. */
  reached = 0;
  repeated = 0;
  outOfOrder = 0;
  readonly #onWrong: (what: string) => void;

  constructor(channel: string, what: string, begun: number | undefined, onWrong: (what: string) => void) {
    this.channel = channel;
    this.what = what;
    this.#begun = begun;
    this.#last = begun ?? 0;
    this.#onWrong = onWrong;
  }

  get count(): number {
    return this.#names.size;
  }

  message(cursor: string | undefined, name: string): void {
    const offset = offsetOf(cursor);
    const after = this.#begun === undefined ? undefined : this.#last;
    this.#begun ??= offset - 1;
    if (this.#names.has(offset) || offset <= this.#begun) this.repeated++;
    else if (offset < this.#last) this.outOfOrder++;
    if (after !== undefined && offset !== after + 1)
      this.#onWrong(`${this.what}: ${offset} came after ${after}`);
    this.#names.set(offset, name);
    this.#last = Math.max(this.#last, offset);
    this.#reach(cursor, offset);
  }

  caughtUp(cursor: string): void {
    const offset = offsetOf(cursor);
    if (this.#begun === undefined) {
      this.#begun = offset;
      this.#last = offset;
    } else if (offset > this.#last)
      this.#onWrong(`${this.what}: said to have all up to ${offset} at ${this.#last}`);
    this.#reach(cursor, offset);
  }

  /** What of the channel's log is missing, or is not what was read. `log`: every message's name at the index of its offset. */
  compare(log: readonly string[]): { readonly lost: number; readonly wrong: readonly string[] } {
    const wrong: string[] = [];
    let lost = 0;
    if (this.#begun !== undefined) {
      for (let offset = this.#begun + 1; offset <= this.reached; offset++) {
        const name = this.#names.get(offset);
        if (name === undefined) lost++;
        else if (name !== log[offset])
          wrong.push(`${this.what}: read ${name} at ${offset}, where ${log[offset]} is`);
      }
    }
    if (lost > 0)
      wrong.push(`${this.what}: ${lost} are missing after ${this.#begun} and up to ${this.reached}`);
    return { lost, wrong };
  }

  #reach(cursor: string | undefined, offset: number): void {
    if (offset < this.reached) return;
    this.reached = offset;
    this.cursor = cursor;
  }
}
