/** The greatest of many by a number, without sorting all of them; of equal ones those that came first. */
export class Best<Item> {
  readonly #most: number;
  #found: { readonly item: Item; readonly value: number; readonly at: number }[] = [];
  #count = 0;
  /** None below it is among them any more. */
  #floor = Number.NEGATIVE_INFINITY;

  constructor(most: number) {
    this.#most = most;
  }

  /** How many there were, of which the best were kept. */
  get count(): number {
    return this.#count;
  }

  add(item: Item, value: number): void {
    const at = this.#count++;
    if (value <= this.#floor) return;
    this.#found.push({ item, value, at });
    if (this.#found.length >= 2 * this.#most + 64) this.#cut();
  }

  /** The greatest first. */
  take(): readonly Item[] {
    this.#cut();
    return this.#found.map(({ item }) => item);
  }

  #cut(): void {
    this.#found.sort((one, other) => other.value - one.value || one.at - other.at);
    if (this.#found.length < this.#most) return;
    this.#found.length = this.#most;
    this.#floor = this.#found.at(-1)?.value ?? this.#floor;
  }
}
