import * as v from "valibot";
import { type Evaluation, STATES } from "./evaluation.ts";
import { SeveritySchema } from "./manifest.ts";

/** Where Tidings is mounted: `connect(location.origin + BASE_PATH)`. */
export const BASE_PATH = "/tidings";
/** Compact, key = id: the newest summary of each evaluation, event `evaluation`; a deleted one's key is deleted. */
export const LIST_CHANNEL = "evals/list";
/** The alerts of all, event `alert`. */
export const ALERTS_CHANNEL = "evals/alerts";

export const RUN_CHANNELS = [
  "status",
  "log",
  "metric",
  "queue",
  "alert",
  "artifact",
  "debug",
  "talk",
] as const;
export type RunChannel = (typeof RUN_CHANNELS)[number];

/** `evals/{id}/log` and the others. */
export function channelOf(id: string, name: RunChannel): string {
  return `evals/${id}/${name}`;
}

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const parameter = v.union([v.string(), v.number(), v.boolean()]);
/** Bytes of the file up to and with what the message tells: where a server that starts goes on. */
const position = { position: v.optional(count) };
const ExitSchema = v.object({ code: v.nullable(v.number()), signal: v.nullable(v.string()) });

export const StatusEvents = {
  status: v.object({
    state: v.picklist(STATES),
    at: v.string(),
    reason: v.optional(v.string()),
    exit: v.optional(ExitSchema),
    ...position,
  }),
  progress: v.object({ done: v.number(), total: v.number(), note: v.optional(v.string()), ...position }),
  /** `changed` where it was one parameter; `change` is the id that the asker gave. */
  parameters: v.object({
    parameters: v.record(v.string(), parameter),
    changed: v.optional(
      v.object({ name: v.string(), from: parameter, to: parameter, by: v.string(), change: v.string() }),
    ),
  }),
  priority: v.object({ priority: v.number(), by: v.optional(v.string()) }),
  /** The server began anew, and found the run going, or not. */
  restored: v.object({ found: v.boolean(), at: v.string() }),
};
export const LogEvents = {
  /** `from`: the number of the first line; 1 is the first of the log. Lines whole, as in `log.txt`. */
  lines: v.object({ from: count, lines: v.array(v.string()), position: count }),
  /** So many lines from `from` on came too fast to be sent: they are in the file. */
  skipped: v.object({ from: count, count, position: count }),
};
export const MetricEvents = {
  points: v.object({
    points: v.array(v.object({ name: v.string(), step: v.number(), value: v.number() })),
    position: count,
  }),
};
export const QueueEvents = { position: v.object({ position: count, of: count }), left: v.object({}) };
export const AlertEvents = {
  alert: v.object({
    evaluation: v.string(),
    severity: SeveritySchema,
    rule: v.string(),
    title: v.string(),
    text: v.string(),
    /** Number of the log line that it was found in. */
    line: v.optional(count),
    at: v.string(),
    /** How many the run has with this one. */
    counts: v.object({ info: count, warning: count, critical: count }),
    /** Where the search of the log stood: 32 for each line, and the number of the rule. */
    logMark: count,
    ...position,
  }),
};
export const ArtifactEvents = {
  artifact: v.object({
    name: v.string(),
    mediaType: v.string(),
    /** Bytes. */
    size: count,
    /** The text, or a `data:` URL, of one of at most 32 KiB. */
    inline: v.optional(v.string()),
    /** Where it is, from the root of the server. */
    url: v.string(),
    /** The first 2 KiB of a text. */
    preview: v.optional(v.string()),
    at: v.string(),
    ...position,
  }),
};
export const DebugEvents = {
  paused: v.object({ at: v.string(), state: v.unknown(), ...position }),
  resumed: v.object(position),
  input: v.object({ text: v.string(), by: v.string() }),
  inspected: v.object({ at: v.string(), state: v.unknown() }),
};
export const TalkEvents = { comment: v.object({ by: v.string(), text: v.string() }) };
export const PresenceStateSchema = v.object({ name: v.string() });

type Payload<Events, Name extends keyof Events> =
  Events[Name] extends v.GenericSchema<unknown, infer Output> ? Output : never;
export type LinesMessage = Payload<typeof LogEvents, "lines">;
export type SkippedMessage = Payload<typeof LogEvents, "skipped">;
export type PointsMessage = Payload<typeof MetricEvents, "points">;
export type AlertMessage = Payload<typeof AlertEvents, "alert">;
export type ArtifactMessage = Payload<typeof ArtifactEvents, "artifact">;
export type PausedMessage = Payload<typeof DebugEvents, "paused">;
export type CommentMessage = Payload<typeof TalkEvents, "comment">;
/** The payload of `evaluation` on the list. */
export type Summary = Omit<Evaluation, "result">;
