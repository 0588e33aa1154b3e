/** Numbers that look random and are the same for the same seed, on every machine. Not for secrets. */
export interface Random {
  /** From 0 inclusive to 1 exclusive. */
  readonly next: () => number;
  /** A whole number from 0 to `end`, exclusive. */
  readonly below: (end: number) => number;
  /** From the normal distribution of mean 0 and deviation 1 (Box and Muller). */
  readonly normal: () => number;
  /** One of `items`. @throws {RangeError} when there is none. */
  readonly pick: <Item>(items: readonly Item[]) => Item;
  /** A copy of `items` in another order (Fisher and Yates). */
  readonly shuffle: <Item>(items: readonly Item[]) => Item[];
}

/** A generator for `seed`: a Weyl sequence of 32 bits, mixed as in MurmurHash3's finalizer. */
export function seeded(seed: number): Random {
  let state = (seed ^ 0x9e3779b9) >>> 0;
  const next = (): number => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 4_294_967_296;
  };
  const below = (end: number): number => Math.floor(next() * end);
  return {
    next,
    below,
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    pick: (items) => {
      const item = items[below(items.length)];
      if (item === undefined) throw new RangeError("there is nothing to pick from");
      return item;
    },
    shuffle: (items) => {
      const shuffled = [...items];
      for (let end = shuffled.length; end > 1; end -= 1) {
        const [item] = shuffled.splice(below(end), 1);
        if (item !== undefined) shuffled.push(item);
      }
      return shuffled;
    },
  };
}
