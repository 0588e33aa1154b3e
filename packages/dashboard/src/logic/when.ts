const UNITS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/**
 * A moment as somebody types it, in milliseconds since the epoch, by this device's clock: `12:00` (the last one), `noon`, `yesterday 12:00`,
 * `2026-01-05 12:00`, `15m ago`, or RFC 3339. `undefined` for what is none.
 */
export function parseWhen(text: string, nowMs: number): number | undefined {
  const typed = text
    .trim()
    .toLowerCase()
    .replace(/\bnoon\b/, "12:00")
    .replace(/\bmidnight\b/, "0:00");
  const ago = /^(\d+(?:\.\d+)?)\s*(s|m|min|h|d)(?:\s+ago)?$/.exec(typed);
  if (ago !== null) return nowMs - Number(ago[1]) * (UNITS[ago[2] ?? ""] ?? 0);
  const clock = /^(?:(today|yesterday)\s+)?(?:at\s+)?(\d{1,2}):(\d{2})(?::(\d{2}))?$/.exec(typed);
  if (clock !== null) {
    const [, day, hours, minutes, seconds = "0"] = clock;
    if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59) return undefined;
    const date = new Date(nowMs);
    date.setHours(Number(hours), Number(minutes), Number(seconds), 0);
    // Of a day that is not named, the last time that it was so.
    if (day === "yesterday" || (day === undefined && date.getTime() > nowMs))
      date.setDate(date.getDate() - 1);
    return date.getTime();
  }
  if (!/^\d{4}-\d{2}-\d{2}([t ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(z|[+-]\d{2}:\d{2})?)?$/.test(typed))
    return undefined;
  // A date alone would be taken for UTC's.
  const timeMs = Date.parse(typed.length === 10 ? `${typed}T00:00` : typed.replace(" ", "T").toUpperCase());
  return Number.isNaN(timeMs) ? undefined : timeMs;
}
