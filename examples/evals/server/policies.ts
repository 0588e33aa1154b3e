import type { Policy } from "tidings";
import { ALERTS_CHANNEL, LIST_CHANNEL } from "../shared/channels.ts";
import { LIMITS } from "../shared/limits.ts";

/** How long what is told of an evaluation is kept, and its artifacts: 30 days, in milliseconds. */
export const RETENTION_MS = 2_592_000_000;

/** A page shows what it is told, and has no second way for what is too large to travel: all of it is told inline. */
const INLINE_BYTES = 1_048_576;

/** All that is published is the platform's own: what people say comes by REST. */
export const POLICIES: readonly Policy[] = [
  {
    pattern: LIST_CHANNEL,
    publish: "server",
    compact: true,
    conflate: true,
    inlineBytes: INLINE_BYTES,
    // Deleted ones count too, for as long as their deletion is held.
    retention: { maxMessages: LIMITS.maxEvaluations * 2, maxBytes: 268_435_456, maxAgeMs: RETENTION_MS },
  },
  {
    pattern: ALERTS_CHANNEL,
    publish: "server",
    inlineBytes: INLINE_BYTES,
    retention: { maxMessages: 100_000, maxBytes: 134_217_728, maxAgeMs: RETENTION_MS },
  },
  {
    pattern: "evals/**",
    publish: "server",
    inlineBytes: INLINE_BYTES,
    retention: { maxMessages: 100_000, maxBytes: 268_435_456, maxAgeMs: RETENTION_MS },
  },
  { pattern: "**", publish: "server" },
];
