import type { CommandsOf } from "@tidings/client";
import * as v from "valibot";
import { LIMITS } from "./limits.ts";
import { type Parameters, RunLimitsSchema, type RunLimits, type Severity } from "./manifest.ts";

/** `queued → starting → running ⇄ paused →` one of {@link ENDED_STATES}. */
export const STATES = [
  "queued",
  "starting",
  "running",
  "paused",
  "succeeded",
  "failed",
  "stopped",
  "timed-out",
  "out-of-memory",
  "lost",
] as const;
export const ENDED_STATES = ["succeeded", "failed", "stopped", "timed-out", "out-of-memory", "lost"] as const;
export type State = (typeof STATES)[number];

export function hasEnded(state: State): boolean {
  return (ENDED_STATES as readonly string[]).includes(state);
}

export interface Progress {
  readonly done: number;
  readonly total: number;
  readonly note?: string;
}

/** 1: the next one to begin. */
export interface QueuePlace {
  readonly position: number;
  readonly of: number;
}

/** How a process ended: its code, or the signal that ended it. */
export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** Times are RFC 3339. In the list, and on `evals/list`, without `result`. */
export interface Evaluation {
  /** `kind-` and eight lower-case letters and digits. */
  readonly id: string;
  readonly kind: string;
  readonly title: string;
  readonly state: State;
  /** -100 to 100; higher begins first. */
  readonly priority: number;
  readonly parameters: Parameters;
  readonly limits: RunLimits;
  readonly createdBy: string;
  readonly createdAt: string;
  readonly startedAt?: string;
  readonly endedAt?: string;
  readonly progress?: Progress;
  readonly queue?: QueuePlace;
  readonly exit?: Exit;
  /** Why it ended, for a person. */
  readonly reason?: string;
  readonly alerts: Readonly<Record<Severity, number>>;
  /** Log lines, and bytes of the log. */
  readonly lines: number;
  readonly logBytes: number;
  /** Whether it has checkpoints: a debugging session. */
  readonly debug: boolean;
  readonly result?: unknown;
}

const NameSchema = v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(LIMITS.maxNameChars));
const PRIORITY_TEXT = `must be a whole number from -${LIMITS.maxPriority} to ${LIMITS.maxPriority}`;
const PrioritySchema = v.pipe(
  v.number(PRIORITY_TEXT),
  v.integer(PRIORITY_TEXT),
  v.minValue(-LIMITS.maxPriority, PRIORITY_TEXT),
  v.maxValue(LIMITS.maxPriority, PRIORITY_TEXT),
);
/** What is checked against the manifest afterwards. */
const GivenParametersSchema = v.record(v.string(), v.unknown());
const EvaluationIdSchema = v.pipe(v.string(), v.maxLength(64));
const ChangeSchema = v.pipe(v.string(), v.minLength(1), v.maxLength(64));

/** Who it is where nobody says. */
export const ANONYMOUS = "someone";

/** `POST /api/evaluations`. */
export const CreateSchema = v.strictObject({
  kind: v.string(),
  parameters: v.optional(GivenParametersSchema, {}),
  priority: v.optional(PrioritySchema, 0),
  limits: v.optional(RunLimitsSchema, {}),
  createdBy: v.optional(NameSchema, ANONYMOUS),
});
export type CreateBody = v.InferInput<typeof CreateSchema>;

/** `PATCH /api/evaluations/{id}`. `change` comes back with the change on the `status` channel. */
export const PatchSchema = v.pipe(
  v.strictObject({
    priority: v.optional(PrioritySchema),
    parameters: v.optional(GivenParametersSchema),
    by: v.optional(NameSchema, ANONYMOUS),
    change: v.optional(ChangeSchema),
  }),
  v.check(
    ({ priority, parameters }) => priority !== undefined || parameters !== undefined,
    "give priority, parameters, or both",
  ),
);
export type PatchBody = v.InferInput<typeof PatchSchema>;

/** `POST /api/evaluations/{id}/stop`; may be left out. */
export const StopSchema = v.strictObject({
  reason: v.optional(v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(LIMITS.maxReasonChars))),
  by: v.optional(NameSchema, ANONYMOUS),
});

/** `POST /api/evaluations/{id}/comments`. */
export const CommentSchema = v.strictObject({
  by: v.optional(NameSchema, ANONYMOUS),
  text: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(LIMITS.maxCommentChars)),
});

/** `POST /api/evaluations/{id}/again`; may be left out. */
export const AgainSchema = v.strictObject({
  createdBy: v.optional(NameSchema, ANONYMOUS),
  priority: v.optional(PrioritySchema),
});

/** A whole number that a query gives as text. */
function countOf(min: number, max: number, fallback: number) {
  return v.pipe(
    v.optional(v.pipe(v.string(), v.regex(/^[0-9]{1,15}$/, "must be a whole number")), String(fallback)),
    v.transform(Number),
    v.minValue(min, `must be at least ${min}`),
    v.maxValue(max, `must be at most ${max}`),
  );
}

/** `GET /api/evaluations`: newest first. `state` may be `ended` or `going`; `before` is the `next` of the page before. */
export const ListQuerySchema = v.strictObject({
  state: v.optional(v.picklist([...STATES, "ended", "going"])),
  kind: v.optional(v.string()),
  limit: countOf(1, LIMITS.maxPageEvaluations, 100),
  before: v.optional(v.pipe(v.string(), v.regex(/^[0-9]{1,15}$/, "must be the next of a page"))),
});

/** `GET …/log/lines`. */
export const LinesQuerySchema = v.strictObject({
  from: countOf(1, Number.MAX_SAFE_INTEGER, 1),
  count: countOf(1, LIMITS.maxLogLines, 500),
});

export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** `GET …/log/search`: lines with `text` in them (letter case aside), and of `level` alone where it is given. */
export const SearchQuerySchema = v.strictObject({
  text: v.optional(v.pipe(v.string(), v.maxLength(LIMITS.maxSearchChars)), ""),
  level: v.optional(v.picklist(LOG_LEVELS)),
  after: countOf(0, Number.MAX_SAFE_INTEGER, 0),
  limit: countOf(1, LIMITS.maxLogMatches, 200),
});

export interface EvaluationPage {
  readonly evaluations: readonly Evaluation[];
  /** For `before` of the next page, where there is one. */
  readonly next?: string;
}

/** Lines whole, as in `log.txt`: `<time> <level> <text>`. */
export interface LogLines {
  readonly from: number;
  readonly lines: readonly string[];
  /** How many the log has by now. */
  readonly total: number;
}

export interface LogMatches {
  readonly matches: readonly { readonly line: number; readonly text: string }[];
  /** For `after` of the next search, where the log was not searched to its end. */
  readonly next?: number;
  /** Lines that were looked at. */
  readonly scanned: number;
}

/** `GET /api/overview`. Durations are of ended runs, in milliseconds from start to end. */
export interface Overview {
  readonly counts: readonly { readonly kind: string; readonly state: State; readonly count: number }[];
  readonly parallel: number;
  /** Runs that ended in the last hour and in the last 24. */
  readonly throughput: { readonly lastHour: number; readonly lastDay: number };
  readonly durations: readonly {
    readonly kind: string;
    readonly count: number;
    readonly meanMs: number;
    readonly medianMs: number;
    readonly p95Ms: number;
  }[];
  readonly alerts: Readonly<Record<Severity, number>>;
}

const TargetSchema = v.strictObject({ evaluation: EvaluationIdSchema });
const ValueSchema = v.union([v.string(), v.number(), v.boolean()]);

/** The commands over Tidings, as the server checks them and pages call them; `evaluation` is the id. */
export const COMMANDS = {
  "evals.pause": { input: TargetSchema },
  "evals.resume": { input: TargetSchema },
  "evals.step": {
    input: v.strictObject({
      evaluation: EvaluationIdSchema,
      count: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(LIMITS.maxStepCount)), 1),
    }),
  },
  "evals.inspect": {
    input: TargetSchema,
    output: v.object({ at: v.string(), state: v.optional(v.unknown()) }),
  },
  "evals.input": {
    input: v.strictObject({
      evaluation: EvaluationIdSchema,
      text: v.pipe(v.string(), v.maxBytes(LIMITS.maxInputBytes)),
      by: v.optional(NameSchema, ANONYMOUS),
    }),
  },
  "evals.set": {
    input: v.strictObject({
      evaluation: EvaluationIdSchema,
      name: v.string(),
      value: ValueSchema,
      change: ChangeSchema,
      by: v.optional(NameSchema, ANONYMOUS),
    }),
    output: v.object({ name: v.string(), value: ValueSchema, change: ChangeSchema }),
  },
} as const;
export type Commands = CommandsOf<typeof COMMANDS>;
