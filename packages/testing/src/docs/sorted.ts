/** As text and in order, to compare two lists whatever the order of each. */
export function sorted(values: Iterable<unknown>): string[] {
  return [...values].map((value) => (typeof value === "string" ? value : JSON.stringify(value))).toSorted();
}
