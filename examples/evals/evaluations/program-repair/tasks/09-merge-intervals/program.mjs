/** Intervals `[from, to]` in order, with those that touch made into one. */
export function merge(intervals) {
  const sorted = [...intervals].sort((a, b) => a[0] - b[0]);
  const merged = [];
  for (const [from, to] of sorted) {
    const last = merged.at(-1);
    if (last && from < last[1]) last[1] = Math.min(last[1], to);
    else merged.push([from, to]);
  }
  return merged;
}
