/**
 * What is due at a time, in slots of `slotMs`: one timer for all of it, and no more memory than what is in it, however
 * often a time is put off.
 */
export class Expiry<Item> {
  readonly #slotMs: number;
  readonly #slots = new Map<number, Set<Item>>();
  readonly #slotOf = new Map<Item, number>();
  #next = 0;

  constructor(slotMs: number) {
    this.#slotMs = slotMs;
  }

  get size(): number {
    return this.#slotOf.size;
  }

  /** Has the item given out by {@link take} at `atMs` or a slot later; instead of what was said of it before. */
  set(item: Item, atMs: number): void {
    this.delete(item);
    // Never in a slot that was taken already.
    const slot = Math.max(Math.ceil(atMs / this.#slotMs), this.#next);
    const items = this.#slots.get(slot);
    if (items === undefined) this.#slots.set(slot, new Set([item]));
    else items.add(item);
    this.#slotOf.set(item, slot);
  }

  delete(item: Item): void {
    const slot = this.#slotOf.get(item);
    if (slot === undefined) return;
    this.#slotOf.delete(item);
    const items = this.#slots.get(slot);
    items?.delete(item);
    if (items?.size === 0) this.#slots.delete(slot);
  }

  /** Takes out what is due, at most about `max` items; the rest is given out the next time. */
  take(nowMs: number, max: number): readonly Item[] {
    const last = Math.floor(nowMs / this.#slotMs);
    const due: Item[] = [];
    // After a long pause of the process there may be far more slots between than there are in use.
    const slots =
      last - this.#next > this.#slots.size
        ? [...this.#slots.keys()].filter((slot) => slot <= last)
        : Array.from({ length: Math.max(0, last - this.#next + 1) }, (_, at) => this.#next + at);
    for (const slot of slots) {
      for (const item of this.#slots.get(slot) ?? []) {
        if (due.length === max) return due;
        due.push(item);
        this.delete(item);
      }
    }
    this.#next = Math.max(this.#next, last + 1);
    return due;
  }
}
