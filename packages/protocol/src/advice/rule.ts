import type { Needs } from "./needs.ts";
import type { TransportName } from "./transports.ts";

/** What a rule does to some transports. */
export interface Effect {
  readonly on: readonly TransportName[];
  /** Added to the score; `null` rules them out. */
  readonly points: number | null;
  /** Why, as a sentence. */
  readonly text: string;
}

/** One reason, as data: where `when` holds, each of its effects does. */
export interface Rule {
  /** Names it in an advice; never changes. */
  readonly id: string;
  /** `when` in words: completes "where …". */
  readonly where: string;
  readonly when: (needs: Needs) => boolean;
  readonly effects: readonly Effect[];
}
