/** What bounds a run where its manifest and its request say nothing, and what they may say. */
export const DEFAULT_RUN_LIMITS = {
  /** Milliseconds from the start of the process; then it is `timed-out`. */
  timeoutMs: 600_000,
  /** Resident bytes of the run's process group, together; above it is `out-of-memory`. */
  maxMemoryBytes: 536_870_912,
  /** Bytes of `log.txt`; what comes after is dropped and counted. */
  maxLogBytes: 268_435_456,
} as const;

export const RUN_LIMIT_RANGES = {
  timeoutMs: { min: 100, max: 86_400_000 },
  maxMemoryBytes: { min: 1_048_576, max: 1_099_511_627_776 },
  maxLogBytes: { min: 1_024, max: 10_737_418_240 },
} as const;

/** What a request may send. Each is refused with a problem that names it. */
export const LIMITS = {
  /** Bytes of a request's body. */
  maxBodyBytes: 65_536,
  /** Priority, both ways from 0. */
  maxPriority: 100,
  /** Characters of a person's name. */
  maxNameChars: 64,
  /** Characters of a comment. */
  maxCommentChars: 4_000,
  /** Characters of a reason for a stop. */
  maxReasonChars: 500,
  /** Bytes of UTF-8 of one line of input to an evaluation. */
  maxInputBytes: 8_192,
  /** Checkpoints that one `step` passes. */
  maxStepCount: 10_000,
  /** Characters of a parameter's text. */
  maxParameterChars: 4_000,
  /** Parameters of a manifest. */
  maxParameters: 64,
  /** Alert rules of a manifest. */
  maxRules: 32,
  /** Characters of an alert rule's pattern. */
  maxPatternChars: 500,
  /** Evaluations of one page of the list. */
  maxPageEvaluations: 500,
  /** Lines of one answer of `log/lines`. */
  maxLogLines: 2_000,
  /** Matches of one answer of `log/search`. */
  maxLogMatches: 1_000,
  /** Characters that are searched for. */
  maxSearchChars: 200,
  /** Alerts that are told of one run; more are neither told nor counted, and a last one says so. */
  maxAlerts: 1_000,
  /** Characters of an alert's text. */
  maxAlertChars: 500,
  /** Characters of a log line that rules look at. */
  maxRuleLineChars: 2_000,
  /** Bytes of an artifact that travels in its message, as text or as a `data:` URL. */
  maxInlineBytes: 32_768,
  /** Bytes of a larger text that are shown of it. */
  previewBytes: 2_048,
  /** Evaluations that wait. */
  maxQueued: 1_000,
  /** Evaluations that are kept, ended ones included. */
  maxEvaluations: 10_000,
  /** Characters of an `Idempotency-Key`. */
  maxIdempotencyKeyChars: 255,
  /** How long an `Idempotency-Key` is known, in milliseconds. */
  idempotencyMs: 86_400_000,
} as const;
