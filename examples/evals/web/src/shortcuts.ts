export const SHORTCUTS: readonly (readonly [keys: string, what: string])[] = [
  ["j / k, ↓ / ↑", "next, previous run in the list"],
  ["Enter", "open it"],
  ["/", "search the list, or the log"],
  ["n", "new run"],
  ["g then l / o", "go to the list, the overview"],
  ["1 … 7", "the parts of a run"],
  ["f", "follow the end of the log"],
  ["Enter / Shift+Enter", "in the search: next, previous match"],
  ["Home / End", "in the log: its first, its last line"],
  ["?", "this help"],
];
