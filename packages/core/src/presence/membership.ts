import type { Attendance } from "./attendance.ts";
import { type HeldMember, mergeHeld } from "./held.ts";
import type { Roster } from "./roster.ts";

/** Who is in one channel, and what holds each. */
export interface Room {
  readonly roster: Roster;
  readonly members: Map<string, Membership>;
}

/**
 * One member: there for as long as a connection holds it, or a time that was given it without one, here or on another
 * node.
 */
export interface Membership {
  readonly name: string;
  readonly room: Room;
  readonly holders: Set<Attendance>;
  /** What this node says of it; `undefined` where only others hold it. */
  own: HeldMember | undefined;
  /** What the others say that hold it, by node. */
  others: Map<string, HeldMember> | undefined;
  /** Until when it stays that was put without a connection; 0 for one that was not. */
  leasedUntilMs: number;
  /** See {@link HeldMember.leasedAt}. */
  leasedAt: number;
  /** Until when it stays whose last connection broke; 0 while it has one. */
  graceUntilMs: number;
}

/** A member as all nodes together have it. */
export function shownOf({ own, others }: Membership): HeldMember | undefined {
  let shown = own;
  if (others !== undefined) for (const held of others.values()) shown = mergeHeld(shown, held);
  return shown;
}

export function isAttendedElsewhere({ others }: Membership): boolean {
  for (const { isAttended } of others?.values() ?? []) if (isAttended) return true;
  return false;
}
