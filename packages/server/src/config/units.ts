const DURATIONS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const SIZES: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1_000,
  mb: 1_000_000,
  gb: 1_000_000_000,
  kib: 1_024,
  mib: 1_048_576,
  gib: 1_073_741_824,
};
// Short on purpose: nothing that is written by hand needs more, and a long run of digits would lose precision.
const QUANTITY = /^(\d{1,16}(?:\.\d{1,6})?)\s?([a-z]{0,3})$/i;

/** Reads milliseconds from a whole number or text such as `"25s"` (ms, s, m or min, h, d); else `undefined`. */
export function parseDuration(value: unknown): number | undefined {
  return parseQuantity(value, DURATIONS);
}

/** Reads bytes from a whole number or text such as `"64MiB"` (B, kB, MB, GB, KiB, MiB, GiB); else `undefined`. */
export function parseSize(value: unknown): number | undefined {
  return parseQuantity(value, SIZES);
}

/** Reads a whole number from a number or its decimal digits; else `undefined`. */
export function parseWhole(value: unknown): number | undefined {
  return parseQuantity(value, {});
}

function parseQuantity(value: unknown, units: Readonly<Record<string, number>>): number | undefined {
  if (typeof value === "number") return Number.isSafeInteger(value) ? value : undefined;
  const match = typeof value === "string" ? QUANTITY.exec(value.trim()) : null;
  if (match === null) return undefined;
  const unit = (match[2] as string).toLowerCase();
  const factor = unit === "" ? 1 : Object.hasOwn(units, unit) ? units[unit] : undefined;
  if (factor === undefined) return undefined;
  // 1.5h is whole in milliseconds; 0.0005s is not, and is refused rather than rounded.
  const amount = Number(match[1]) * factor;
  const whole = Math.round(amount);
  return Math.abs(amount - whole) < 1e-6 && Number.isSafeInteger(whole) ? whole : undefined;
}
