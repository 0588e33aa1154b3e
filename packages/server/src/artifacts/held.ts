import type { Log } from "@tidings/core";
import { toOffset } from "@tidings/protocol";
import type { Pending, Reference } from "./record.ts";

/** One read of the log while references are checked: small, since most pages answer for a few of them. */
const PAGE = { maxMessages: 128, maxBytes: 262_144 };

/** How many pages of the log one sweep may still read. */
export interface Budget {
  pages: number;
}

/**
 * Which of a channel's references name messages that the log still holds. From `earliest` on it holds all, but on a
 * channel that keeps the newest message of each key, or did: what stands there is looked at. What the budget does not
 * reach counts as held.
 */
export async function heldReferences(
  log: Log,
  channel: string,
  references: readonly Reference[],
  budget: Budget,
): Promise<ReadonlySet<Reference>> {
  const { epoch, earliest, resumable } = await log.describe(channel);
  const within = references
    .filter((reference) => reference.epoch === epoch && reference.offset >= earliest)
    .sort((one, other) => one.offset - other.offset);
  if (resumable === undefined) return new Set(within);
  const held = new Set<Reference>();
  let at = 0;
  while (at < within.length) {
    if (budget.pages-- <= 0) {
      for (const reference of within.slice(at)) held.add(reference);
      break;
    }
    const from = within[at] as Reference;
    const { messages } = await log.read(channel, toOffset(from.offset - 1), PAGE);
    const offsets = new Set<number>(messages.map(({ offset }) => offset));
    const last = messages.at(-1)?.offset ?? Number.POSITIVE_INFINITY;
    for (; at < within.length && (within[at] as Reference).offset <= last; at++) {
      const reference = within[at] as Reference;
      if (offsets.has(reference.offset)) held.add(reference);
    }
  }
  return held;
}

export interface Sought extends Pending {
  readonly id: string;
}

export interface Found {
  /** By id: where the message stands that names it. */
  readonly at: ReadonlyMap<string, Reference>;
  /** Not in the log: the process ended before the message was appended, or the message is gone already. */
  readonly missing: readonly string[];
  /** By id: from where the search has to go on, since the budget ended. */
  readonly later: ReadonlyMap<string, number>;
}

/**
 * Looks in a channel for the messages that artifacts were kept for by a process which ended before it knew their
 * offsets. Such a message mostly stands right after where its search begins, so the scan jumps from one to the next.
 */
export async function findMessages(
  log: Log,
  channel: string,
  sought: readonly Sought[],
  budget: Budget,
): Promise<Found> {
  const at = new Map<string, Reference>();
  const { epoch, head } = await log.describe(channel);
  const missing = sought.filter((each) => each.epoch !== epoch).map(({ id }) => id);
  const waiting = new Map(sought.filter((each) => each.epoch === epoch).map((each) => [each.id, each.after]));
  let position = 0;
  while (waiting.size > 0) {
    position = Math.max(position, Math.min(...waiting.values()));
    if (position >= head) break;
    if (budget.pages-- <= 0) {
      const from = position;
      const later = new Map([...waiting].map(([id, after]) => [id, Math.max(after, from)] as const));
      return { at, missing, later };
    }
    const { messages } = await log.read(channel, toOffset(position), PAGE);
    for (const { artifact, offset } of messages) {
      const id = artifact === undefined ? undefined : idOf(artifact);
      if (id !== undefined && waiting.delete(id)) at.set(id, { channel, epoch, offset });
    }
    const last = messages.at(-1)?.offset ?? head;
    // From here on only those are left that may stand further on.
    position = last;
  }
  return { at, missing: [...missing, ...waiting.keys()], later: new Map() };
}

/** The id that a message's `{"artifact":{"url":…}}` names. */
function idOf(artifact: Uint8Array): string | undefined {
  try {
    const { url } = (JSON.parse(Buffer.from(artifact).toString()) as { artifact: { url: string } }).artifact;
    return url.slice(url.lastIndexOf("/") + 1);
  } catch {
    return undefined;
  }
}
