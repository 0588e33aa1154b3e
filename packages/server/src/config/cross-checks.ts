import { DEFAULT_LIMITS, type Limits } from "@tidings/protocol";
import type { CheckedPolicy } from "./defaults.ts";

/** A field that contradicts another one, in words that complete "field …". */
export interface Contradiction {
  readonly field: string;
  readonly message: string;
}

/** The first must not be above the second, for this reason. */
const ORDERED: readonly (readonly [keyof Limits, keyof Limits, string])[] = [
  [
    "longPollDefaultMs",
    "longPollMaxMs",
    "a poll that names no time would be held longer than one may ask for",
  ],
  ["maxMessageBytes", "maxBatchBytes", "the largest message would not fit into a request"],
  ["maxMessageBytes", "maxFrameBytes", "the largest message could not be published on a WebSocket"],
  ["pongTimeoutMs", "pingMs", "a ping would be sent before the one before it is given up"],
];

/** What cannot be seen by looking at one field alone. */
export function findContradictions(limits: Limits, policies: readonly CheckedPolicy[]): Contradiction[] {
  const found: Contradiction[] = [];
  for (const [low, high, reason] of ORDERED) {
    if (limits[low] <= limits[high]) continue;
    // Told of the one that was changed: raising one limit should not be answered with a complaint about a default.
    const [at, other, relation] =
      limits[low] === DEFAULT_LIMITS[low] ? [high, low, "at least"] : [low, high, "at most"];
    found.push({
      field: `limits.${at}`,
      message: `limits.${at} is ${limits[at]}; it must be ${relation} limits.${other}, which is ${limits[other]}: ${reason}.`,
    });
  }
  for (const [index, policy] of policies.entries()) {
    const at = `policies[${index}]`;
    if (policy.maxMessageBytes !== undefined && policy.maxMessageBytes > limits.maxMessageBytes) {
      found.push({
        field: `${at}.maxMessageBytes`,
        message:
          `${at}.maxMessageBytes is ${policy.maxMessageBytes}; it must be at most limits.maxMessageBytes, ` +
          `which is ${limits.maxMessageBytes}: a policy can only ask for less.`,
      });
    }
    if (policy.ephemeralOnly === true && policy.retention !== undefined) {
      found.push({
        field: `${at}.retention`,
        message: `${at}.retention is given with ephemeralOnly; leave one out: what is not kept has no retention.`,
      });
    }
  }
  return found;
}
