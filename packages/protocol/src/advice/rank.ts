import type { Needs } from "./needs.ts";
import type { Rule } from "./rule.ts";
import { RULES_OF_PLACE } from "./rules-of-place.ts";
import { RULES_OF_USE } from "./rules-of-use.ts";
import { TRANSPORT_NAMES, type TransportName, TRANSPORTS } from "./transports.ts";

/** Why a transport has its place. */
export interface Reason {
  /** The id of the rule. */
  readonly rule: string;
  /** What it adds to the score; `null` where it rules the transport out. */
  readonly points: number | null;
  readonly text: string;
}

/** A transport with its score, which is the sum of its reasons' points. */
export interface Ranked {
  readonly transport: TransportName;
  readonly title: string;
  /** Whether this version has it. */
  readonly isBuilt: boolean;
  /** Whether no rule rules it out. */
  readonly isPossible: boolean;
  readonly score: number;
  readonly reasons: readonly Reason[];
}

interface Ranking {
  readonly ranking: readonly Ranked[];
  readonly choice: Ranked | null;
  readonly fallback: Ranked | null;
  readonly later: Ranked | null;
}

/** Every rule there is. */
export const RULES: readonly Rule[] = [...RULES_OF_USE, ...RULES_OF_PLACE];

/** Ranks the transports by rules, and takes from them what to use. */
export function rank(needs: Needs, rules: readonly Rule[] = RULES): Ranking {
  const holding = rules.filter(({ when }) => when(needs));
  // The sort is stable, so that of two that score the same the simpler one stays before the other.
  const ranking = TRANSPORT_NAMES.map((transport) => scored(transport, holding)).sort(
    (one, other) => Number(other.isPossible) - Number(one.isPossible) || other.score - one.score,
  );
  const usable = ranking.filter(({ isPossible, isBuilt }) => isPossible && isBuilt);
  const choice = usable[0] ?? null;
  const [first] = ranking;
  const later = first?.isPossible === true && first !== choice ? first : null;
  const pathOf = ({ transport }: Ranked): string => TRANSPORTS[transport].path;
  const fallback =
    choice === null ? null : (usable.find((other) => pathOf(other) !== pathOf(choice)) ?? null);
  return { ranking, choice, fallback, later };
}

function scored(transport: TransportName, holding: readonly Rule[]): Ranked {
  const { title, isBuilt } = TRANSPORTS[transport];
  const reasons = holding.flatMap(({ id, effects }) =>
    effects
      .filter(({ on }) => on.includes(transport))
      .map(({ points, text }) => ({ rule: id, points, text })),
  );
  return {
    transport,
    title,
    isBuilt,
    isPossible: reasons.every(({ points }) => points !== null),
    score: reasons.reduce((sum, { points }) => sum + (points ?? 0), 0),
    reasons,
  };
}
