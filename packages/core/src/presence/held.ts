/** What one node says of a member that it holds. */
export interface HeldMember {
  /** RFC 3339: when it came. */
  readonly since: string;
  /** JSON; `undefined` where it has none. */
  readonly state: string | undefined;
  /** Of two states the one that was said later holds: milliseconds since 1970, or more. 0 where nobody has said any. */
  readonly saidAt: number;
  /** Whether a connection holds it, and not only a time that was given to it. */
  readonly isAttended: boolean;
  /** The `saidAt` with which a time was given to it last; 0 where none was. Of two such times the later one holds. */
  readonly leasedAt: number;
}

/**
 * What holds where two nodes have the same member: it is there since the first, with the state that was said last. The
 * order in which nodes hear of each other makes no difference to it.
 */
export function mergeHeld(one: HeldMember | undefined, other: HeldMember): HeldMember {
  if (one === undefined) return other;
  const since = one.since < other.since ? one.since : other.since;
  const { state, saidAt } = isLater(other, one) ? other : one;
  const leasedAt = Math.max(one.leasedAt, other.leasedAt);
  return { since, state, saidAt, isAttended: one.isAttended || other.isAttended, leasedAt };
}

/** Two nodes may say something in the same millisecond: any rule will do that all of them keep. */
function isLater(one: HeldMember, other: HeldMember): boolean {
  if (one.saidAt !== other.saidAt) return one.saidAt > other.saidAt;
  return (one.state ?? "") > (other.state ?? "");
}

export function isSameHeld(one: HeldMember | undefined, other: HeldMember | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return (
    one.since === other.since &&
    one.state === other.state &&
    one.saidAt === other.saidAt &&
    one.isAttended === other.isAttended &&
    one.leasedAt === other.leasedAt
  );
}
