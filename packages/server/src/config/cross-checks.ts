import { DEFAULT_LIMITS, type Limits } from "@tidings/protocol";
import { keyOfSecret } from "../commands/index.ts";
import type { Config } from "./config.ts";
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
  [
    "commandTimeoutMs",
    "maxCommandTimeoutMs",
    "a command whose caller names no time would have more than one may ask for",
  ],
  ["presenceTtlMs", "maxPresenceTtlMs", "a member without a ttl would stay longer than one may ask for"],
  ["pongTimeoutMs", "pingMs", "a ping would be sent before the one before it is given up"],
];

/** Secrets that are to come from the environment, and do not. */
export function findMissingSecrets(
  { commands, auth }: Pick<Config, "commands" | "auth">,
  environment: Readonly<Record<string, string | undefined>>,
): Contradiction[] {
  const given = [
    ...commands.map(({ secret }, index) => ({ secret, field: `commands[${index}].secret` })),
    { secret: auth.callback?.secret, field: "auth.callback.secret" },
  ];
  return given.flatMap(({ secret, field }) => {
    if (secret === undefined || keyOfSecret(secret, environment) !== undefined) return [];
    const name = secret.slice("env:".length);
    return [
      {
        field,
        message: `${field} names the variable ${name}, which does not hold "whsec_" and 16 to 128 bytes as base64.`,
      },
    ];
  });
}

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
    for (const name of ["maxMessageBytes", "maxArtifactBytes"] as const) {
      const given = policy[name];
      if (given === undefined || given <= limits[name]) continue;
      found.push({
        field: `${at}.${name}`,
        message:
          `${at}.${name} is ${given}; it must be at most limits.${name}, ` +
          `which is ${limits[name]}: a policy can only ask for less.`,
      });
    }
    if (policy.ephemeralOnly === true && policy.compact === true) {
      found.push({
        field: `${at}.compact`,
        message: `${at}.compact is given with ephemeralOnly; leave one out: of what is not kept there is no newest.`,
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
