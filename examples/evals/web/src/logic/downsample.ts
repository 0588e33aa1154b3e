/** Points of one plot that are drawn at most: two for each pixel of a wide screen's plot. */
const MAX_PLOT_POINTS = 2_000;

export interface Points {
  readonly steps: readonly number[];
  readonly values: readonly number[];
}

/**
 * At most `max` of the points, those that are seen: of each stretch its least and its greatest, in their order. An average would
 * hide the spike that somebody looks for.
 */
export function downsample(points: Points, max: number = MAX_PLOT_POINTS): Points {
  const { steps, values } = points;
  if (steps.length <= max) return points;
  const buckets = Math.max(1, Math.floor((max - 2) / 2));
  const kept = new Set<number>([0, steps.length - 1]);
  for (let bucket = 0; bucket < buckets; bucket++) {
    const from = Math.floor((bucket * steps.length) / buckets);
    const to = Math.floor(((bucket + 1) * steps.length) / buckets);
    let least = from;
    let greatest = from;
    for (let at = from; at < to; at++) {
      if ((values[at] ?? 0) < (values[least] ?? 0)) least = at;
      if ((values[at] ?? 0) > (values[greatest] ?? 0)) greatest = at;
    }
    kept.add(least).add(greatest);
  }
  const order = [...kept].sort((a, b) => a - b);
  return { steps: order.map((at) => steps[at] ?? 0), values: order.map((at) => values[at] ?? 0) };
}
