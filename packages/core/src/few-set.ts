/** A Set that is often of one: that one is kept by itself, as in {@link Few}. */
export class FewSet<Value extends object> {
  #value: Value | undefined;
  /** In place of the one, from the second on. */
  #all: Set<Value> | undefined;

  get size(): number {
    return this.#all?.size ?? (this.#value === undefined ? 0 : 1);
  }

  add(value: Value): void {
    if (this.#all !== undefined) this.#all.add(value);
    else if (this.#value === undefined || this.#value === value) this.#value = value;
    else {
      this.#all = new Set([this.#value, value]);
      this.#value = undefined;
    }
  }

  delete(value: Value): void {
    this.#all?.delete(value);
    if (value === this.#value) this.#value = undefined;
  }

  /** In the order in which they were added. What is added meanwhile may be passed over; what is deleted is. */
  [Symbol.iterator](): Iterator<Value> {
    return (this.#all ?? (this.#value === undefined ? [] : [this.#value]))[Symbol.iterator]();
  }
}
