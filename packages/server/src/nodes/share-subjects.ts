import { createHash } from "node:crypto";
import type { Nodes } from "./nodes.ts";

const TOPIC = "subjects";
/** Of a subject that has less than this part of its limit on a node, the others are not told: nearly all have one or two connections. */
const TOLD_FROM = 1 / 16;

/** How many connections subjects have on other nodes. */
export interface SubjectsElsewhere {
  /** About: those that have few on a node are not counted there. */
  readonly of: (subject: string) => number;
  /** A subject has one more or less on this node, which is so many. */
  readonly changed: (subject: string, count: number) => void;
}

/** Has the nodes of a log count subjects together; `limit` is that of one subject. */
export function shareSubjects(nodes: Nodes, limit: number): SubjectsElsewhere {
  const elsewhere = new Map<string, Map<string, number>>();
  const least = Math.max(1, Math.floor(limit * TOLD_FROM));
  const set = nodes.share(TOPIC, (node, key, value) => {
    const counts = elsewhere.get(key) ?? new Map<string, number>();
    if (typeof value === "number") elsewhere.set(key, counts.set(node, value));
    else if (counts.delete(node) && counts.size === 0) elsewhere.delete(key);
  });
  return {
    of: (subject) => {
      if (elsewhere.size === 0) return 0;
      let sum = 0;
      for (const count of elsewhere.get(keyOf(subject))?.values() ?? []) sum += count;
      return sum;
    },
    changed: (subject, count) => {
      // It was told before, or is now.
      if (count >= least - 1) set(keyOf(subject), count >= least ? String(count) : undefined);
    },
  };
}

/** A subject may be long, and is no other node's business. */
function keyOf(subject: string): string {
  return createHash("sha256").update(subject).digest("base64url");
}
