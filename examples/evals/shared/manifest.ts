import * as v from "valibot";
import { LIMITS, RUN_LIMIT_RANGES } from "./limits.ts";

export const SEVERITIES = ["info", "warning", "critical"] as const;
export const SeveritySchema = v.picklist(SEVERITIES);
export type Severity = v.InferOutput<typeof SeveritySchema>;

/** A value of a parameter, as `EVAL_PARAMETERS` carries it. */
export type ParameterValue = string | number | boolean;
export type Parameters = Readonly<Record<string, ParameterValue>>;

const common = {
  title: v.optional(v.string()),
  description: v.optional(v.string()),
  /** Whether it may be set while the evaluation runs. Default false. */
  live: v.optional(v.boolean(), false),
};
const ParameterSchema = v.variant("type", [
  v.strictObject({
    type: v.literal("integer"),
    default: v.pipe(v.number(), v.safeInteger()),
    min: v.optional(v.pipe(v.number(), v.safeInteger())),
    max: v.optional(v.pipe(v.number(), v.safeInteger())),
    ...common,
  }),
  v.strictObject({
    type: v.literal("number"),
    default: v.pipe(v.number(), v.finite()),
    min: v.optional(v.pipe(v.number(), v.finite())),
    max: v.optional(v.pipe(v.number(), v.finite())),
    ...common,
  }),
  v.strictObject({
    type: v.literal("string"),
    default: v.pipe(v.string(), v.maxLength(LIMITS.maxParameterChars)),
    ...common,
  }),
  v.strictObject({ type: v.literal("boolean"), default: v.boolean(), ...common }),
  v.strictObject({
    type: v.literal("choice"),
    default: v.string(),
    choices: v.pipe(v.array(v.string()), v.minLength(1), v.maxLength(100)),
    ...common,
  }),
]);

/** One parameter of an evaluation: what the start dialog asks for. */
export type Parameter = v.InferOutput<typeof ParameterSchema>;

function bounded({ min, max }: { readonly min: number; readonly max: number }) {
  return v.pipe(v.number(), v.safeInteger(), v.minValue(min), v.maxValue(max));
}

export const RunLimitsSchema = v.strictObject({
  timeoutMs: v.optional(bounded(RUN_LIMIT_RANGES.timeoutMs)),
  maxMemoryBytes: v.optional(bounded(RUN_LIMIT_RANGES.maxMemoryBytes)),
  maxLogBytes: v.optional(bounded(RUN_LIMIT_RANGES.maxLogBytes)),
});
/** Milliseconds and bytes: see `DEFAULT_RUN_LIMITS`. */
export interface RunLimits {
  readonly timeoutMs: number;
  readonly maxMemoryBytes: number;
  readonly maxLogBytes: number;
}

const RuleSchema = v.strictObject({
  name: v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]{0,62}$/)),
  severity: SeveritySchema,
  /** A regular expression on the text of a log line, without its time and level. */
  pattern: v.pipe(v.string(), v.minLength(1), v.maxLength(LIMITS.maxPatternChars)),
  title: v.pipe(v.string(), v.minLength(1), v.maxLength(200)),
});
/** Says which log lines are alerts. */
export type Rule = v.InferOutput<typeof RuleSchema>;

/** `evaluation.json`. */
export const ManifestSchema = v.strictObject({
  name: v.pipe(
    v.string(),
    v.regex(/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/, "lower-case words joined by hyphens"),
    v.maxLength(40),
  ),
  title: v.pipe(v.string(), v.minLength(1), v.maxLength(100)),
  description: v.optional(v.string(), ""),
  /** The first may be `node`: the Node.js that runs the platform, with type stripping. */
  command: v.pipe(v.array(v.string()), v.minLength(1), v.maxLength(64)),
  parameters: v.pipe(
    v.optional(v.record(v.pipe(v.string(), v.regex(/^[A-Za-z][A-Za-z0-9_]{0,62}$/)), ParameterSchema), {}),
    v.check((all) => Object.keys(all).length <= LIMITS.maxParameters, `at most ${LIMITS.maxParameters}`),
  ),
  limits: v.optional(RunLimitsSchema, {}),
  rules: v.optional(v.pipe(v.array(RuleSchema), v.maxLength(LIMITS.maxRules)), []),
  /** Whether it has checkpoints, at which it may be paused. Default false. */
  debug: v.optional(v.boolean(), false),
});
export type Manifest = v.InferOutput<typeof ManifestSchema>;

/** A manifest as `GET /api/kinds` gives it: what a start dialog needs, and nothing of where it is. */
export type Kind = Omit<Manifest, "command" | "limits"> & { readonly limits: RunLimits };
