/** How many are remembered. Beyond it the one that was heard of longest ago is forgotten, and begins anew. */
const MAX_REMEMBERED = 10_000;

/** What is remembered of those who were heard of last, by name. */
export class Recent<Value> {
  readonly #make: () => Value;
  /** That which was heard of longest ago first. */
  readonly #known = new Map<string, Value>();

  constructor(make: () => Value) {
    this.#make = make;
  }

  get size(): number {
    return this.#known.size;
  }

  of(name: string): Value {
    const value = this.#known.get(name) ?? this.#make();
    this.#known.delete(name);
    this.#known.set(name, value);
    if (this.#known.size > MAX_REMEMBERED) {
      for (const oldest of this.#known.keys()) {
        this.#known.delete(oldest);
        break;
      }
    }
    return value;
  }
}
