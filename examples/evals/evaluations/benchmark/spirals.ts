import type { Random } from "../../kit/index.ts";
import { matrix, type Matrix } from "./matrix.ts";

export interface Samples {
  /** A point a row: x and y, about -1 to 1. */
  readonly points: Matrix;
  /** The spiral that each is of: 0 or 1. */
  readonly labels: Float64Array;
}

const TURNS = 1.5;
const NOISE = 0.02;

/** Points of two spirals that wind around each other: no straight line tells them apart. */
export function spirals(count: number, random: Random): Samples {
  const points = matrix(count, 2);
  const labels = new Float64Array(count);
  for (let row = 0; row < count; row += 1) {
    const label = row % 2;
    // The root spreads the points evenly along the spiral.
    const along = 0.08 + 0.92 * Math.sqrt(random.next());
    const angle = along * TURNS * 2 * Math.PI + label * Math.PI;
    points.data[2 * row] = along * Math.cos(angle) + NOISE * random.normal();
    points.data[2 * row + 1] = along * Math.sin(angle) + NOISE * random.normal();
    labels[row] = label;
  }
  return { points, labels };
}

/** `size` of the samples, drawn at random with repeats. */
export function minibatch({ points, labels }: Samples, size: number, random: Random): Samples {
  const batch: Samples = { points: matrix(size, 2), labels: new Float64Array(size) };
  for (let row = 0; row < size; row += 1) {
    const from = random.below(labels.length);
    batch.points.data.set(points.data.subarray(2 * from, 2 * from + 2), 2 * row);
    batch.labels[row] = labels[from] ?? 0;
  }
  return batch;
}
