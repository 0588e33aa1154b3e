import { formatBytes, formatDuration, plural } from "@tidings/ui/format";
import type { ConnectionRow, EventRow, Who } from "../live/shapes.ts";

/** Whose credential it is. */
export function nameOf(who: Who | undefined): string {
  if (who === undefined) return "unknown";
  switch (who.kind) {
    case "open":
      return "anyone";
    case "anonymous":
      return "anonymous";
    case "token":
    case "key":
      return who.subject ?? who.id ?? `a ${who.kind}`;
    default:
      return who.kind satisfies never;
  }
}

/** Why a connection is where it is, in a sentence. */
export function explainConnection(row: ConnectionRow, nowMs: number): string {
  const since = row.stateSince === undefined ? 0 : Math.max(0, nowMs - Date.parse(row.stateSince));
  const behind = plural(row.lag, "message");
  switch (row.state) {
    case "live":
      return "It has everything there is.";
    case "waiting":
      return (
        `It is ${behind} behind: for ${formatDuration(since)} it has taken nothing of the ${formatBytes(row.bufferedBytes)} ` +
        "that wait in its socket. Its network or its client is slow; the server is not."
      );
    case "reading":
      return `It is ${behind} behind and reads on from the log, for ${formatDuration(since)} now: it catches up by itself.`;
    default:
      return row.state satisfies never;
  }
}

/** The same in a few words, for a list. */
export function sayState(row: ConnectionRow, nowMs: number): string {
  if (row.state === "live") return "has everything";
  const since =
    row.stateSince === undefined ? "" : ` ${formatDuration(Math.max(0, nowMs - Date.parse(row.stateSince)))}`;
  return row.state === "waiting" ? `takes nothing${since}` : `catches up${since}`;
}

/** Why connections end, and what that asks for. */
const ENDS: Readonly<Record<string, readonly [why: string, todo?: string]>> = {
  "client-closed": ["Its client closed it."],
  lost: [
    "The connection broke, or its client went without a word.",
    "Where it happens to many, look at what is between: a proxy, a network.",
  ],
  silent: ["It did not answer a ping in time.", "Its network or its device was gone, or its client hangs."],
  drained: ["The server was going down, and sent it to another one."],
  operator: ["An operator sent it away; its client comes back."],
};

/** What an operator can do about refusals, beside what the one who was refused was told. */
const TODO: Readonly<Record<string, string>> = {
  UNAUTHENTICATED:
    "The client has to send a token or key that this server takes, and that has not expired or been revoked.",
  AUTH_UNAVAILABLE:
    "What checks credentials does not answer: look at auth.callback, or where the keys come from.",
  FORBIDDEN: "Give its token or key a grant for this, if it should have one.",
  HOST_FORBIDDEN: "If that name is this server's, add it to allowedHosts.",
  ORIGIN_FORBIDDEN: "If pages of that origin may use the server, add it to cors.origins.",
  RATE_LIMITED: "The client does more than it may: slow it down, or raise the limit that is named.",
  TOO_MANY_CONNECTIONS:
    "Raise the limit that is named, and the process's file descriptors with it; or find who opens so many.",
  MESSAGE_TOO_LARGE: "Publish less at once, or raise what the policy allows.",
  LOG_FULL: "Make room on the log's disk, or shorten retention: publishes fail until then.",
  LOG_UNAVAILABLE: "The log's disk refuses: look at the server's own log.",
  INTERNAL: "A fault of the server's own: its log has the cause, under the request's id.",
};

const KINDS: Readonly<Record<string, string>> = {
  refused: "Refused",
  disconnected: "Disconnected",
  gap: "Gap",
  started: "Started",
  draining: "Draining",
  node: "Node",
  fault: "Fault",
  more: "More",
};

export interface Explanation {
  /** `Refused`, and so on. */
  readonly kind: string;
  /** The code of a refusal, the reason of an end. */
  readonly code: string | undefined;
  readonly why: string;
  readonly todo: string | undefined;
  readonly tone: "bad" | "warn" | "busy" | "quiet";
}

/** What happened, why, and what to do about it. */
export function explainEvent(event: EventRow): Explanation {
  const { kind, code, reason, message } = event;
  const named = { kind: KINDS[kind] ?? kind, code: code ?? reason };
  switch (kind) {
    case "refused":
      return { ...named, why: message ?? "It was refused.", todo: TODO[code ?? ""], tone: "bad" };
    case "disconnected": {
      const [why, todo] = ENDS[reason ?? ""] ?? [message ?? "The server ended it.", TODO[reason ?? ""]];
      const known = ENDS[reason ?? ""] === undefined || message === undefined ? why : `${why} ${message}`;
      const isOrdinary = reason === "client-closed" || reason === "drained" || reason === "operator";
      return { ...named, why: known, todo, tone: isOrdinary ? "quiet" : "warn" };
    }
    case "gap":
      return { ...named, ...explainGap(event), tone: "warn" };
    case "fault":
      return { ...named, why: message ?? "The server met a fault.", todo: TODO["INTERNAL"], tone: "bad" };
    case "started":
      return {
        ...named,
        why: `The server began${said("version", event.version)}${said("log", event.log)}.`,
        todo: undefined,
        tone: "busy",
      };
    case "draining":
      return { ...named, why: "The server was told to go down.", todo: undefined, tone: "busy" };
    case "node":
      return { ...named, ...explainNode(event) };
    case "more":
      return {
        ...named,
        why: `Not told one by one: ${sayCounts(event.counts)}.`,
        todo: undefined,
        tone: "warn",
      };
    default:
      return { ...named, why: message ?? "", todo: undefined, tone: "quiet" };
  }
}

function explainNode({ name = "Another node", state }: EventRow): Pick<Explanation, "why" | "todo" | "tone"> {
  if (state === "joined") return { why: `${name} is on this log too.`, todo: undefined, tone: "busy" };
  if (state === "left") return { why: `${name} was told to go down.`, todo: undefined, tone: "busy" };
  return {
    why: `${name} is not heard of any more.`,
    todo: "See whether it runs, and whether it reaches the log.",
    tone: "warn",
  };
}

function explainGap({ reason, missed }: EventRow): Pick<Explanation, "why" | "todo"> {
  const many =
    missed === null || missed === undefined ? "An unknown number of messages" : plural(missed, "message");
  switch (reason) {
    case "epoch":
      return { why: "The log began anew, so a reader could not go on where it was.", todo: undefined };
    case "ahead":
      return {
        why: "A reader was ahead of the log, which has lost its end or was restored.",
        todo: undefined,
      };
    default:
      return {
        why: `${many} had gone before a reader came back for them.`,
        todo: "If readers are away for longer than that, raise the channel's retention.",
      };
  }
}

function said(name: string, value: string | undefined): string {
  return value === undefined ? "" : `, ${name} ${value}`;
}

function sayCounts(counts: Readonly<Record<string, number>> = {}): string {
  return Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(", ");
}
