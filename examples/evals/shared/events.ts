import * as v from "valibot";
import { type ParameterValue, SeveritySchema } from "./manifest.ts";

/** Bounds of what an evaluation says on fd 3. An event that is above them is dropped, and told in the log. */
export const EVENT_LIMITS = {
  /** Bytes of one event's line. */
  maxEventBytes: 524_288,
  /** Characters of the name of a metric, an artifact, a rule. */
  maxNameChars: 200,
  /** Characters of a note, an alert's text, a place. */
  maxTextChars: 2_000,
} as const;

const name = v.pipe(v.string(), v.minLength(1), v.maxLength(EVENT_LIMITS.maxNameChars));
const text = v.pipe(v.string(), v.maxLength(EVENT_LIMITS.maxTextChars));
const finite = v.pipe(v.number(), v.finite());

/** What an evaluation says on fd 3, one a line. */
export const RunEventSchema = v.variant("type", [
  v.object({
    type: v.literal("progress"),
    done: v.pipe(finite, v.minValue(0)),
    total: v.pipe(finite, v.minValue(0)),
    note: v.optional(text),
  }),
  v.object({ type: v.literal("metric"), name, step: finite, value: finite }),
  v.object({
    type: v.literal("artifact"),
    /** What the page calls it, and the last part of its URL. */
    name: v.pipe(name, v.regex(/^[^/\\\p{Cc}]+$/u, "must be a file name")),
    /** Of the file, below the run's folder. */
    path: v.pipe(v.string(), v.minLength(1), v.maxLength(1_000)),
    mediaType: v.pipe(
      v.string(),
      v.maxLength(200),
      v.regex(/^[a-z0-9!#$&^_.+-]+\/[a-z0-9!#$&^_.+-]+(?:\s*;[\x20-\x7e]*)?$/i, "must be a media type"),
    ),
  }),
  v.object({ type: v.literal("alert"), severity: SeveritySchema, rule: name, text }),
  v.object({ type: v.literal("result"), data: v.unknown() }),
  v.object({ type: v.literal("paused"), at: text, state: v.unknown() }),
  v.object({ type: v.literal("resumed") }),
  v.variant("ok", [
    v.object({ type: v.literal("reply"), id: name, ok: v.literal(true), data: v.optional(v.unknown()) }),
    v.object({ type: v.literal("reply"), id: name, ok: v.literal(false), error: text }),
  ]),
]);
export type RunEvent = v.InferOutput<typeof RunEventSchema>;
export type Reply = Extract<RunEvent, { type: "reply" }>;

/** How a run ended, in the words of its supervisor. */
export type ExitReason = "exited" | "stopped" | "timed-out" | "out-of-memory" | "crashed";

/** `exit.json`: written last, so where it is, all the rest of the folder is whole. */
export interface ExitRecord {
  readonly code: number | null;
  readonly signal: string | null;
  readonly reason: ExitReason;
  /** For a person: which limit, whose stop. */
  readonly detail: string;
  readonly endedAt: string;
}

/** What stands in `events.ndjson` beside what the evaluation says: the supervisor's own. */
type SupervisorEvent =
  /** By pid and start together the process is known again. */
  | { readonly type: "started"; readonly pid: number; readonly start: string | undefined }
  /** A live parameter that the evaluation has taken; `change` is the id that the asker gave. */
  | {
      readonly type: "changed";
      readonly name: string;
      readonly value: ParameterValue;
      readonly by: string;
      readonly change: string;
    }
  | { readonly type: "input"; readonly text: string; readonly by: string }
  | { readonly type: "inspected"; readonly at: string; readonly state: unknown }
  | ({ readonly type: "exit" } & ExitRecord);

/** A line of `events.ndjson`. Replies are not kept: only what came of them. */
export type KeptEvent = (Exclude<RunEvent, Reply> | SupervisorEvent) & { readonly time: string };

/** What an evaluation is told on fd 4, one a line. */
export type Instruction =
  | { readonly id: string; readonly type: "pause" | "resume" | "inspect" }
  | { readonly id: string; readonly type: "step"; readonly count: number }
  | { readonly id: string; readonly type: "input"; readonly text: string }
  | { readonly id: string; readonly type: "set"; readonly name: string; readonly value: ParameterValue };
