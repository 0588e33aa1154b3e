import { matrix } from "./matrix.ts";
import type { Network } from "./network.ts";
import { encodePng } from "./png.ts";
import type { Samples } from "./spirals.ts";

const SIZE = 160;
const SHADES = 16;
/** The map shows -EDGE to EDGE on both axes. */
const EDGE = 1.15;

const ORANGE = [214, 106, 32] as const;
const WHITE = [255, 255, 255] as const;
const BLUE = [38, 92, 190] as const;
const DARK_ORANGE = [120, 48, 0] as const;
const DARK_BLUE = [0, 24, 96] as const;

/** What the network answers over the plane, as a PNG: orange 0, blue 1, white unsure, and the samples on top. */
export function decisionMap(network: Network, samples: Samples): Buffer {
  const plane = matrix(SIZE * SIZE, 2, (at) => {
    const pixel = at >> 1;
    return at % 2 === 0 ? place(pixel % SIZE) : -place(Math.floor(pixel / SIZE));
  });
  const pixels = Uint8Array.from(network.predict(plane), (chance) =>
    Math.min(SHADES - 1, Math.floor(chance * SHADES)),
  );
  for (const [row, label] of samples.labels.entries()) {
    const x = pixelOf(samples.points.data[2 * row] ?? 0);
    const y = pixelOf(-(samples.points.data[2 * row + 1] ?? 0));
    if (x >= 0 && x < SIZE && y >= 0 && y < SIZE) pixels[y * SIZE + x] = SHADES + label;
  }
  const shades = Array.from({ length: SHADES }, (_, shade) => mix((shade + 0.5) / SHADES));
  return encodePng(SIZE, pixels, [...shades, DARK_ORANGE, DARK_BLUE]);
}

function place(pixel: number): number {
  return ((pixel + 0.5) / SIZE) * 2 * EDGE - EDGE;
}

function pixelOf(coordinate: number): number {
  return Math.floor(((coordinate + EDGE) / (2 * EDGE)) * SIZE);
}

function mix(chance: number): readonly [number, number, number] {
  const towards = chance < 0.5 ? ORANGE : BLUE;
  const share = Math.abs(chance - 0.5) * 2;
  const [red, green, blue] = WHITE;
  return [
    Math.round(red + (towards[0] - red) * share),
    Math.round(green + (towards[1] - green) * share),
    Math.round(blue + (towards[2] - blue) * share),
  ];
}
