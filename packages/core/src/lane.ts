import { type Batch, type Offset, sliceBatch } from "@tidings/protocol";
import type { Encoding } from "./encoding.ts";
import { FewSet } from "./few-set.ts";

/**
 * So many members are looked at before the first of them is handed anything. What a member consists of is spread over
 * the memory, and a write drives most of it out of the processor's cache: looking at sixteen in a row has it fetched for
 * all of them at a time, which takes 5 % off a small write.
 */
const GROUP = 16;

/** A live reader as its lane sees it. */
export interface LaneMember {
  /** The one that it is a member of now. */
  readonly lane: Lane | undefined;
  /** Everything up to here was handed to it. Above the channel's head if it has read further than the hub has passed on. */
  readonly handedUpTo: Offset;
  /** Whether it would rather fall behind than be handed more. */
  readonly isBlocked: boolean;
  /** Takes a flush, or what it lacks of it; has everything up to `after` then. May leave the lane while it does. */
  receive(batch: Batch, after: Offset): void;
  /** Leaves the lane, for the log. */
  fallBehind(): void;
}

/**
 * One channel in one wire format, through one filter: what is appended during a turn of the event loop is encoded
 * once, and each live reader gets the same bytes.
 */
export class Lane {
  readonly encoding: Encoding;
  readonly members: FewSet<LaneMember> = new FewSet();

  constructor(encoding: Encoding) {
    this.encoding = encoding;
  }

  /**
   * Hands what took the channel from the offset `before` to `after` to every member; answers how many messages
   * that was, counted once for each.
   */
  deliver(batch: Batch, before: Offset, after: Offset): number {
    const group: LaneMember[] = [];
    for (const member of this.members) {
      if (member.isBlocked) member.fallBehind();
      else if (group.push(member) === GROUP) {
        this.#hand(group, batch, before, after);
        group.length = 0;
      }
    }
    this.#hand(group, batch, before, after);
    return batch.ends.length * this.members.size;
  }

  #hand(group: readonly LaneMember[], batch: Batch, before: Offset, after: Offset): void {
    for (const member of group) {
      // It has left since it was looked at, by what another one's sink did.
      if (member.lane !== this) continue;
      if (member.handedUpTo <= before) member.receive(batch, after);
      else {
        // It read from the log what is now passed on, wholly or up to somewhere inside this batch; or it joined
        // during this very loop, at the head that already counts this batch.
        const from = batch.offsets.findIndex((offset) => offset > member.handedUpTo);
        if (from >= 0) member.receive(sliceBatch(batch, from), after);
      }
    }
  }
}
