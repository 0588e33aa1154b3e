import { inflateSync } from "node:zlib";
import { encodePng } from "../../evaluations/benchmark/png.ts";

type Colour = readonly [red: number, green: number, blue: number];

const MAX_COLOURS = 256;
/** Colours that are in it because they are frequent; the rest are those that are farthest from all before. */
const FREQUENT = 160;
/** Bytes before the first chunk, and of a chunk beside its data. */
const SIGNATURE_BYTES = 8;
const CHUNK_BYTES = 12;

/** A picture of a page with 256 colours at most, which has a third of its bytes: 8 bits a pixel in place of 24 or 32. */
export function withFewColours(png: Buffer): Buffer {
  const { width, height, channels, pixels } = decode(png);
  const colourAt = (pixel: number): number => pixels.readUIntBE(pixel * channels, 3);
  const counts = new Map<number, number>();
  for (let pixel = 0; pixel < width * height; pixel++)
    counts.set(colourAt(pixel), (counts.get(colourAt(pixel)) ?? 0) + 1);
  const palette = paletteOf(counts);
  const indexes = new Map<number, number>();
  const indexed = Uint8Array.from({ length: width * height }, (_, pixel) => {
    const colour = colourAt(pixel);
    let index = indexes.get(colour);
    if (index === undefined) indexes.set(colour, (index = nearest(palette, partsOf(colour))));
    return index;
  });
  return encodePng(width, indexed, palette);
}

function partsOf(colour: number): Colour {
  return [colour >> 16, (colour >> 8) & 255, colour & 255];
}

/** Frequent colours alone would leave out a small green mark on a white page. */
function paletteOf(counts: ReadonlyMap<number, number>): readonly Colour[] {
  const colours = [...counts].sort(([, a], [, b]) => b - a).map(([colour]) => partsOf(colour));
  const palette = colours.splice(0, FREQUENT);
  const rest = colours.map((colour) => ({
    colour,
    far: Math.min(...palette.map((one) => distance(one, colour))),
  }));
  while (palette.length < MAX_COLOURS && rest.length > 0) {
    const farthest = rest.reduce((a, b) => (b.far > a.far ? b : a));
    rest.splice(rest.indexOf(farthest), 1);
    const { colour } = farthest;
    palette.push(colour);
    for (const each of rest) each.far = Math.min(each.far, distance(colour, each.colour));
  }
  return palette;
}

function distance([r, g, b]: Colour, [red, green, blue]: Colour): number {
  return (r - red) ** 2 + (g - green) ** 2 + (b - blue) ** 2;
}

function nearest(palette: readonly Colour[], colour: Colour): number {
  const distances = palette.map((one) => distance(one, colour));
  return distances.indexOf(Math.min(...distances));
}

interface Decoded {
  readonly width: number;
  readonly height: number;
  readonly channels: 3 | 4;
  readonly pixels: Buffer;
}

/** A PNG as browsers make it: 8 bits a channel, not interlaced. */
function decode(png: Buffer): Decoded {
  const parts: Buffer[] = [];
  for (let at = SIGNATURE_BYTES; at < png.length; at += png.readUInt32BE(at) + CHUNK_BYTES)
    if (png.toString("latin1", at + 4, at + 8) === "IDAT")
      parts.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)));
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
  const [bits, colourType] = [png[24], png[25]];
  if (bits !== 8 || (colourType !== 2 && colourType !== 6)) throw new Error("not a picture of a browser");
  const channels = colourType === 2 ? 3 : 4;
  const raw = inflateSync(Buffer.concat(parts));
  const stride = width * channels;
  const pixels = Buffer.alloc(height * stride);
  for (let y = 0; y < height; y++) {
    const filter = raw[y * (stride + 1)] ?? 0;
    for (let x = 0; x < stride; x++) {
      const left = x < channels ? 0 : (pixels[y * stride + x - channels] ?? 0);
      const up = y === 0 ? 0 : (pixels[(y - 1) * stride + x] ?? 0);
      const corner = x < channels || y === 0 ? 0 : (pixels[(y - 1) * stride + x - channels] ?? 0);
      pixels[y * stride + x] = (raw[y * (stride + 1) + 1 + x] ?? 0) + predict(filter, left, up, corner);
    }
  }
  return { width, height, channels, pixels };
}

/** Filters of a row (§9.2): none, sub, up, average, Paeth. */
function predict(filter: number, left: number, up: number, corner: number): number {
  if (filter === 1) return left;
  if (filter === 2) return up;
  if (filter === 3) return (left + up) >> 1;
  if (filter !== 4) return 0;
  const [toLeft, toUp, toCorner] = [
    Math.abs(up - corner),
    Math.abs(left - corner),
    Math.abs(left + up - 2 * corner),
  ];
  return toLeft <= toUp && toLeft <= toCorner ? left : toUp <= toCorner ? up : corner;
}
