/** A date and a time with its distance from UTC (RFC 3339 §5.6); seconds may be left out. */
const TIME = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d)(:\d\d(?:\.\d{1,9})?)?(?:[Zz]|([+ -])(\d\d:\d\d))$/;

/**
 * Reads a time such as `2026-01-05T12:00:00Z` as milliseconds since 1970; `undefined` for what is none. The `+` of
 * `+01:00` may be a space, which it becomes in a query where nobody wrote `%2B`.
 */
export function parseTime(text: string): number | undefined {
  const [, day, minutes, seconds = "", sign = "+", zone = "00:00"] = TIME.exec(text) ?? [];
  if (day === undefined) return undefined;
  const timeMs = Date.parse(`${day}T${minutes}${seconds}${sign === " " ? "+" : sign}${zone}`);
  return Number.isNaN(timeMs) ? undefined : timeMs;
}
