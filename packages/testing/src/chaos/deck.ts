/** Takes what there is in an order that the numbers decide; nothing comes again before all has come. */
export function* shuffled<Value>(values: readonly Value[], random: () => number): Generator<Value, never> {
  for (;;) {
    const left = [...values];
    while (left.length > 0) yield left.splice(Math.floor(random() * left.length), 1)[0] as Value;
  }
}
