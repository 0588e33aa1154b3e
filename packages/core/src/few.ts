/**
 * A Map that is nearly always of one: that one is kept by itself, since a Map of one takes four times the memory, and
 * most connections read one channel.
 */
export class Few<Value> {
  #key: string | undefined;
  #value: Value | undefined;
  /** In place of the one, from the second on. */
  #all: Map<string, Value> | undefined;

  get size(): number {
    return this.#all?.size ?? (this.#key === undefined ? 0 : 1);
  }

  get(key: string): Value | undefined {
    return this.#all === undefined ? (key === this.#key ? this.#value : undefined) : this.#all.get(key);
  }

  /** Takes what is there under no key yet. */
  add(key: string, value: Value): void {
    if (this.#all === undefined && this.#key === undefined) {
      this.#key = key;
      this.#value = value;
      return;
    }
    this.#all ??= new Map([[this.#key as string, this.#value as Value]]);
    this.#key = undefined;
    this.#value = undefined;
    this.#all.set(key, value);
  }

  delete(key: string): void {
    this.#all?.delete(key);
    if (key !== this.#key) return;
    this.#key = undefined;
    this.#value = undefined;
  }

  keys(): Iterable<string> {
    return this.#all?.keys() ?? (this.#key === undefined ? [] : [this.#key]);
  }

  values(): Iterable<Value> {
    return this.#all?.values() ?? (this.#key === undefined ? [] : [this.#value as Value]);
  }
}
