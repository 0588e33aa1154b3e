const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const grouped = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });
const precise = new Intl.NumberFormat("en-GB", { maximumSignificantDigits: 5 });

/** `1,234,567`. */
export function formatCount(count: number): string {
  return grouped.format(count);
}

/** A measured value: five digits, and an exponent where it would be long. */
export function formatValue(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-4 || size >= 1e9) ? value.toExponential(3) : precise.format(value);
}

/** Two units at most: `850 ms`, `4.2 s`, `3 m 07 s`, `2 h 05 m`, `3 d 4 h`. */
export function formatDuration(ms: number): string {
  if (ms < SECOND) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 10 * SECOND) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`;
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} m ${twoDigits((ms % HOUR) % MINUTE, SECOND)} s`;
  if (ms < DAY) return `${Math.floor(ms / HOUR)} h ${twoDigits(ms % HOUR, MINUTE)} m`;
  return `${Math.floor(ms / DAY)} d ${Math.floor((ms % DAY) / HOUR)} h`;
}

/** How long ago, in one unit: `now`, `12 s`, `4 m`, `3 h`, `2 d`. */
export function formatAge(ms: number): string {
  if (ms < 5 * SECOND) return "now";
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} m`;
  if (ms < DAY) return `${Math.floor(ms / HOUR)} h`;
  return `${Math.floor(ms / DAY)} d`;
}

/** Bytes in units of 1,024: `512 B`, `1.5 KiB`, `50 MiB`. */
export function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let at = 0;
  let size = bytes;
  while (size >= 1_024 && at < units.length - 1) {
    size /= 1_024;
    at++;
  }
  return `${at === 0 || size >= 100 ? Math.round(size) : Number(size.toFixed(1))} ${units[at] ?? ""}`;
}

/** A rate or count in little room: `950`, `1.2 k`, `35 k`, `4.1 M`. */
export function formatShort(value: number): string {
  const size = Math.abs(value);
  if (size < 10 && !Number.isInteger(value)) return value.toFixed(1);
  if (size < 1_000) return String(Math.round(value));
  const [scaled, unit] =
    size < 999_500 ? [value / 1e3, "k"] : size < 999_500_000 ? [value / 1e6, "M"] : [value / 1e9, "G"];
  return `${Math.abs(scaled) < 9.95 ? scaled.toFixed(1) : Math.round(scaled)} ${unit}`;
}

/** Milliseconds that may be a fraction: `0.04 ms`, `3.2 ms`, `180 ms`, `1.4 s`. */
export function formatMs(ms: number): string {
  if (ms >= 1_000) return formatDuration(ms);
  if (ms >= 10) return `${Math.round(ms)} ms`;
  return `${Number(ms.toFixed(ms < 1 ? 2 : 1))} ms`;
}

/** `14:03:07` of here. */
export function formatClock(time: string | number | Date): string {
  const date = new Date(time);
  return [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((n) => String(n).padStart(2, "0"))
    .join(":");
}

/** `21 Nov, 14:03:07` of here. */
export function formatMoment(time: string): string {
  const date = new Date(time);
  return `${date.getDate()} ${date.toLocaleString("en-GB", { month: "short" })}, ${formatClock(date)}`;
}

/** `1 line`, `2 lines`. */
export function plural(count: number, one: string, many: string = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

function twoDigits(ms: number, unit: number): string {
  return String(Math.floor(ms / unit)).padStart(2, "0");
}
