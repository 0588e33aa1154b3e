import type { Log } from "@tidings/core";
import { formatCursor, formatTime, type Message, type Offset, toOffset } from "@tidings/protocol";
import { EVENTS } from "./names.ts";
import { Slices } from "./slices.ts";

const PAGE = { maxMessages: 500, maxBytes: 1_048_576 };

/** One event as it is listed: what it has beside these is said where its kind is. */
export interface EventRow {
  readonly cursor: string;
  /** RFC 3339. */
  readonly time: string;
  readonly kind: string;
  readonly [name: string]: unknown;
}

export interface EventQuery {
  /** Part of what is looked for in all that an event says, whatever its case; empty for all. */
  readonly search: string;
  readonly kind?: string | undefined;
  /** The code of a refusal, the reason of an end. */
  readonly code?: string | undefined;
  /** Milliseconds since 1970. */
  readonly sinceMs: number;
  readonly limit: number;
  readonly skip: number;
}

/** The newest events first, of those that are looked for. What is held of them is bounded, and so is this. */
export async function listEvents(
  log: Pick<Log, "read" | "offsetBeforeTime">,
  { limit, skip, sinceMs, ...wanted }: EventQuery,
): Promise<{ readonly rows: readonly EventRow[]; readonly count: number }> {
  const found: EventRow[] = [];
  const most = limit + skip;
  const slices = new Slices();
  let count = 0;
  for (let after: Offset = await log.offsetBeforeTime(EVENTS, sinceMs); ;) {
    const { messages, epoch } = await log.read(EVENTS, after, PAGE);
    for (const message of messages) {
      if (slices.isOver) await slices.next();
      const told = match(message, wanted);
      if (told === undefined) continue;
      count++;
      const cursor = formatCursor({ epoch, offset: message.offset });
      found.push({ cursor, time: formatTime(message.timeMs), kind: message.event, ...told });
      if (found.length > 2 * most) found.splice(0, found.length - most);
    }
    const last = messages.at(-1);
    if (last === undefined) break;
    after = toOffset(last.offset);
  }
  return { rows: found.toReversed().slice(skip, most), count };
}

/** What the event says, where it is one that is looked for. */
function match(
  { event, data }: Message,
  { search, kind, code }: Pick<EventQuery, "search" | "kind" | "code">,
): Readonly<Record<string, unknown>> | undefined {
  if (kind !== undefined && kind !== event) return undefined;
  const text = Buffer.from(data.buffer, data.byteOffset, data.length).toString();
  const told = JSON.parse(text) as Readonly<Record<string, unknown>>;
  if (search !== "" && !says(told, search.toLowerCase())) return undefined;
  if (code === undefined || told["code"] === code || told["reason"] === code) return told;
  const counts = Object.keys((told["counts"] as object | undefined) ?? {});
  return counts.some((name) => name.endsWith(` ${code}`)) ? told : undefined;
}

/** In what is said, and not in the names of its members: all that name a channel would be found by "ann". */
function says(value: unknown, wanted: string): boolean {
  if (typeof value === "object" && value !== null)
    return Object.values(value).some((each) => says(each, wanted));
  return String(value as string | number)
    .toLowerCase()
    .includes(wanted);
}
