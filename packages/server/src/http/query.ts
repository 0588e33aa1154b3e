import type { IncomingMessage } from "node:http";
import type { Policies, Start } from "@tidings/core";
import {
  checkChannel,
  checkEvent,
  type Limits,
  MAX_COMPACT_CURSOR_BYTES,
  MAX_CURSOR_BYTES,
  parseCursor,
  parsePosition,
  parseTime,
  quote,
  TidingsError,
} from "@tidings/protocol";

/** How a request wants to read, as its query and headers say, or its body. */
export interface ReadQuery {
  readonly channels: readonly ReadChannel[];
  /** Channels that cannot be read as they were asked for. */
  readonly refused: readonly Refused[];
  /** Streams: the presence that the connection joins before it reads. */
  readonly join: readonly JoinRequest[];
  /** Most messages in a page; at most the server's `maxPageMessages`. */
  readonly limit: number;
  /** How long a poll may be held, in milliseconds; 0 for a short poll. */
  readonly waitMs: number;
  /** SSE: the data is the message object. */
  readonly envelope: boolean;
  /** WebSocket: payloads of bytes come as binary frames. */
  readonly binary: boolean;
  /**
   * SSE on many channels: ids carry the position in all of them, which an `EventSource` sends back. Who asks by POST
   * sends cursors in its body.
   */
  readonly hasPosition: boolean;
}

/** What is to be read of one channel. */
export interface ReadChannel {
  readonly channel: string;
  readonly start: Start;
  readonly events: readonly string[];
  readonly onGap: "continue" | "fail";
  /** Streams: who is there is told too. */
  readonly presence: boolean;
  /** Streams that end: the version of that which the client has. */
  readonly knownPresence?: string | undefined;
}

export interface Refused {
  /** As it was given: it may be no name at all. */
  readonly channel: string;
  readonly error: TidingsError;
}

export interface JoinRequest {
  readonly channel: string;
  readonly member: string | undefined;
  /** JSON. */
  readonly state: string | undefined;
}

const READ_PARAMETERS = ["since", "last", "event", "gap", "limit", "wait", "envelope", "binary", "presence"];

/** What says how a channel may be read, and how much. */
interface Rules {
  readonly limits: Limits;
  readonly policies: Policies;
}

/** One for all readers: most begin at one of the two, and keep where they began. */
const STARTS = { earliest: { at: "earliest" }, latest: { at: "latest" } } as const;

/** Where a reader begins that does not say: a page with the earliest message, as does whoever reads a compact channel, whose state that is; a stream with what comes next. */
export function defaultStart({ policies }: Pick<Rules, "policies">, channel: string, isPage: boolean): Start {
  return isPage || policies.of(channel).compact ? STARTS.earliest : STARTS.latest;
}

/** The query of `/channels/{channel}`. */
export function readQuery(
  req: IncomingMessage,
  query: URLSearchParams,
  channel: string,
  rules: Rules,
  isPage: boolean,
): ReadQuery {
  checkNames(query, READ_PARAMETERS, ["event"]);
  const { way, ...common } = readCommon(req, query, rules.limits);
  const fallback = defaultStart(rules, checkChannel(channel), isPage);
  const lastEventId = req.headers["last-event-id"];
  // A reconnecting EventSource sends the URL that it was made with, so the header is the newer position.
  const isResumed = typeof lastEventId === "string" && lastEventId !== "";
  const start = isResumed
    ? readStart(lastEventId, null, fallback)
    : readStart(query.get("since"), query.get("last"), fallback);
  return { ...common, channels: [{ channel, start, ...way }] };
}

/** The query of `/connect`: `channel=a@<cursor>&channel=b`, and the composite `Last-Event-ID`. */
export function connectQuery(
  req: IncomingMessage,
  query: URLSearchParams,
  rules: Rules,
  isPage: boolean,
): ReadQuery {
  const { limits } = rules;
  checkNames(query, ["channel", ...READ_PARAMETERS], ["channel", "event"]);
  const { way, ...common } = readCommon(req, query, limits);
  const starts = new Map<string, Start>();
  for (const given of query.getAll("channel")) {
    const at = given.indexOf("@");
    const channel = checkChannel(at < 0 ? given : given.slice(0, at));
    if (starts.has(channel))
      throw invalid("channel", `channel ${quote(channel)} is named twice; name it once.`);
    const since = at < 0 ? query.get("since") : given.slice(at + 1);
    const last = at < 0 ? query.get("last") : null;
    starts.set(channel, readStart(since, last, defaultStart(rules, channel, isPage)));
  }
  for (const [channel, start] of resumed(req)) starts.set(channel, start);
  if (starts.size > limits.maxChannelsPerConnection) {
    throw new TidingsError(
      "TOO_MANY_CHANNELS",
      `the request names ${starts.size} channels; the limit is ${limits.maxChannelsPerConnection}. Use several connections.`,
    );
  }
  return { ...common, channels: [...starts].map(([channel, start]) => ({ channel, start, ...way })) };
}

/** `since` and `last` as a frame, a query or a PATCH body give them. */
export function readStart(
  since: string | null | undefined,
  last: string | number | null | undefined,
  fallback: Start,
): Start {
  if (last !== null && last !== undefined) {
    if (since !== null && since !== undefined)
      throw invalid("last", '"last" and "since" exclude each other; give one.');
    return { at: "last", count: readCount("last", String(last), 0, Number.MAX_SAFE_INTEGER) };
  }
  if (since === null || since === undefined) return fallback;
  if (since === "earliest" || since === "latest") return STARTS[since];
  const cursor = parseCursor(since);
  if (cursor === undefined) {
    const timeMs = parseTime(since);
    if (timeMs !== undefined) return { at: "time", timeMs };
    throw new TidingsError(
      "CURSOR_INVALID",
      `${quote(since)} is not a cursor; give one as the server sent it, such as "k3x9f2ab.42", or "earliest", "latest", or a ` +
        "time such as 2026-01-05T12:00:00Z.",
      { field: "since" },
    );
  }
  return { at: "cursor", cursor };
}

/** Refuses parameters that are not known, or said twice: passed over, they would mean something else than was meant. */
export function checkNames(
  query: URLSearchParams,
  known: readonly string[],
  repeatable: readonly string[] = [],
): void {
  for (const name of query.keys()) {
    if (!known.includes(name))
      throw invalid(name, `there is no query parameter ${quote(name)} here; there are ${known.join(", ")}.`);
    if (!repeatable.includes(name) && query.getAll(name).length > 1)
      throw invalid(name, `"${name}" stands more than once; give it once.`);
  }
}

/** A parameter that is on when it is there: `?envelope`, `?envelope=true`, `?envelope=1`. */
export function readFlag(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  if (value === null || value === "false" || value === "0") return false;
  if (value === "" || value === "true" || value === "1") return true;
  throw invalid(name, `"${name}" is ${quote(value)}; write it alone, or as true or false.`);
}

export function invalid(field: string, message: string): TidingsError {
  return new TidingsError("QUERY_INVALID", message, { field });
}

export function readCount(name: string, text: string, from: number, to: number): number {
  const value = /^[0-9]{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= from && value <= to)) {
    throw invalid(name, `"${name}" is ${quote(text)}; it must be a whole number from ${from} to ${to}.`);
  }
  return value;
}

/** Checks the events of a filter, and how many they are. */
export function checkEvents(events: readonly string[], { maxFilterEvents }: Limits): readonly string[] {
  if (events.length <= maxFilterEvents) return events.map(checkEvent);
  throw invalid("event", `the filter names ${events.length} events; the limit is ${maxFilterEvents}.`);
}

/**
 * Looks whether the position in all these channels fits where a browser sends it back: into a header, which servers and
 * proxies bound.
 *
 * @param others bytes that were counted before
 * @returns the bytes of all, to be given the next time
 * @throws {TidingsError} `POSITION_TOO_LARGE`
 */
export function checkPosition(channels: readonly string[], { limits, policies }: Rules, others = 0): number {
  const maxBytes = limits.maxPositionBytes;
  const cursorBytes = (channel: string): number =>
    policies.of(channel).compact ? MAX_COMPACT_CURSOR_BYTES : MAX_CURSOR_BYTES;
  const bytes = channels.reduce((size, channel) => size + channel.length + cursorBytes(channel) + 2, others);
  if (bytes <= maxBytes) return bytes;
  throw new TidingsError(
    "POSITION_TOO_LARGE",
    `the position in so many channels can take ${bytes} bytes, and SSE carries at most ${maxBytes} in ` +
      "Last-Event-ID. Read fewer channels on one connection, or use POST /connect, a WebSocket or NDJSON.",
  );
}

/** What holds for all channels of a URL, and with `way` how each of them is read. */
function readCommon(
  req: IncomingMessage,
  query: URLSearchParams,
  limits: Limits,
): Omit<ReadQuery, "channels"> & { readonly way: Omit<ReadChannel, "channel" | "start"> } {
  const events = checkEvents(query.getAll("event"), limits);
  const gap = query.get("gap") ?? "continue";
  if (gap !== "continue" && gap !== "fail")
    throw invalid("gap", `"gap" is ${quote(gap)}; it can be "continue" or "fail".`);
  return {
    way: { events, onGap: gap, presence: readFlag(query, "presence") },
    refused: [],
    join: [],
    limit: readLimit(query, limits),
    waitMs: readWait(req, query, limits),
    envelope: readFlag(query, "envelope"),
    binary: readFlag(query, "binary"),
    hasPosition: true,
  };
}

/** `?limit`: most messages in a page. */
export function readLimit(query: URLSearchParams, { maxPageMessages }: Limits): number {
  const limit = query.get("limit");
  return limit === null ? maxPageMessages : readCount("limit", limit, 1, maxPageMessages);
}

/** `?wait=SECONDS`, else `Prefer: wait=SECONDS` (RFC 7240 §4.3); more than the server holds is cut to what it does. */
export function readWait(req: IncomingMessage, query: URLSearchParams, limits: Limits): number {
  const given = query.get("wait");
  if (given !== null) {
    if (given === "") return limits.longPollDefaultMs;
    if (!/^[0-9]{1,6}(?:\.[0-9]{1,3})?$/.test(given))
      throw invalid("wait", `"wait" is ${quote(given)}; it must be seconds, such as 25.`);
    return Math.min(Number(given) * 1000, limits.longPollMaxMs);
  }
  // A preference that cannot be read is passed over, as RFC 7240 §2 asks.
  const prefer = /(?:^|[,;\s])wait\s*=\s*"?([0-9]{1,6})"?/i.exec(String(req.headers["prefer"] ?? ""));
  return prefer === null ? 0 : Math.min(Number(prefer[1]) * 1000, limits.longPollMaxMs);
}

function resumed(req: IncomingMessage): readonly (readonly [string, Start])[] {
  const header = req.headers["last-event-id"];
  if (typeof header !== "string" || header === "") return [];
  const position = parsePosition(header);
  if (position === undefined) {
    throw new TidingsError(
      "CURSOR_INVALID",
      `the Last-Event-ID ${quote(header)} is not a position such as "a@k3.42,b@k3.7".`,
    );
  }
  return [...position].map(([channel, cursor]) => [checkChannel(channel), { at: "cursor", cursor }] as const);
}
