import { parseCursor, parseTime } from "@tidings/protocol";
import { InvalidArgumentError } from "commander";

/** `9:30`, `12:00` or `12:00:30`. */
const CLOCK = /^(\d{1,2}):(\d\d)(?::(\d\d))?$/;

/**
 * Where to begin, as the server takes it: a cursor, `earliest`, `latest`, a time of RFC 3339; or a time of day on this machine's
 * clock, which is today's, or yesterday's where today's is yet to come.
 */
export function position(text: string, now: Date = new Date()): string {
  if (text === "earliest" || text === "latest" || parseCursor(text) !== undefined) return text;
  if (parseTime(text) !== undefined) return text;
  const [isClock, hours, minutes, seconds = "0"] = CLOCK.exec(text) ?? [];
  const time = new Date(now);
  time.setHours(Number(hours), Number(minutes), Number(seconds), 0);
  // 24:00 and 12:60 would be another time than the one that stands there.
  if (isClock === undefined || time.getMinutes() !== Number(minutes) || time.getHours() !== Number(hours))
    throw new InvalidArgumentError(
      'It must be a cursor such as "k3x9f2ab.42", "earliest", "latest", or a time such as 12:00 or 2026-01-05T12:00:00Z.',
    );
  if (time > now) time.setDate(time.getDate() - 1);
  return time.toISOString();
}
