import { isReserved, TidingsError } from "@tidings/protocol";
import type { ResolvedPolicy } from "./policy.ts";
import type { PublishMessage } from "./publish-message.ts";

/** Whether the channel's policy lets this publisher publish so. */
export function checkPolicy(
  channel: string,
  policy: ResolvedPolicy,
  ephemeral: boolean,
  isServer: boolean,
): void {
  if (isReserved(channel) && !isServer) {
    throw new TidingsError(
      "CHANNEL_RESERVED",
      `"${channel}" begins with "$" and is written by the system alone; choose another name.`,
    );
  }
  if (policy.publish === "server" && !isServer) {
    throw new TidingsError(
      "PUBLISH_FORBIDDEN",
      `the policy "${policy.pattern}" lets only the server itself publish to channel "${channel}".`,
    );
  }
  if (policy.ephemeralOnly && !ephemeral) {
    throw new TidingsError(
      "PUBLISH_FORBIDDEN",
      `the policy "${policy.pattern}" keeps no messages of channel "${channel}"; publish with ?ephemeral.`,
    );
  }
}

/** A deletion has a key, on a channel that keeps them, and nothing else. */
export function checkDeletion(
  channel: string,
  policy: ResolvedPolicy,
  { data, preview, artifactId, stored, key }: PublishMessage,
  ephemeral: boolean,
): void {
  if (!policy.compact) {
    throw new TidingsError(
      "CHANNEL_NOT_KEYED",
      `channel "${channel}" does not keep messages by their keys, so no key of it can be deleted; ` +
        'set "compact" in its policy, or publish a message that says it.',
    );
  }
  if (key === undefined) throw keyRequired(channel, policy);
  const hasPayload =
    data.length > 0 || preview !== undefined || artifactId !== undefined || stored !== undefined;
  if (ephemeral || hasPayload) {
    throw new TidingsError(
      "REQUEST_INVALID",
      ephemeral
        ? "a deletion cannot be ephemeral: the log would keep what live readers were told is gone."
        : "a deletion has no payload; leave the data, artifact and preview out.",
    );
  }
}

export function keyRequired(channel: string, { pattern }: ResolvedPolicy): TidingsError {
  return new TidingsError(
    "KEY_REQUIRED",
    `channel "${channel}" keeps the newest message of each key (compact of the policy "${pattern}"); give the message a key.`,
  );
}
