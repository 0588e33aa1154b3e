import { completeNeeds } from "./check-needs.ts";
import { type Change, changesOf } from "./changes.ts";
import type { Needs } from "./needs.ts";
import { type Ranked, rank } from "./rank.ts";
import { type Setting, settingsFor } from "./settings.ts";
import { TRANSPORTS, type TransportName } from "./transports.ts";

/** Which transport to use, and why. */
export interface Advice {
  /** What it is for: all needs, those that were left out too. It can be given to {@link advise} again. */
  readonly needs: Needs;
  /** What to use now: the best that this version has. `null` where none of those does it. */
  readonly choice: Ranked | null;
  /** What to use where the choice does not come through: the best that takes another path. */
  readonly fallback: Ranked | null;
  /** What would be better than the choice, and is not in this version. */
  readonly later: Ranked | null;
  /** What messages from a client go by; `null` where it sends none. */
  readonly sending: { readonly by: TransportName; readonly text: string } | null;
  readonly settings: readonly Setting[];
  /** Which other needs, one at a time, would have another choice. */
  readonly changes: readonly Change[];
  /** All transports, the best first; those that are ruled out last. */
  readonly ranking: readonly Ranked[];
}

/**
 * Advises a transport. Pure: the same needs get the same advice.
 *
 * @param given what is left out has its default, see {@link NEEDS}
 * @throws {TidingsError} `NEEDS_INVALID`, as {@link completeNeeds} does
 */
export function advise(given: Partial<Needs> = {}): Advice {
  const needs = completeNeeds(given);
  const { ranking, choice, fallback, later } = rank(needs);
  return {
    needs,
    choice,
    fallback,
    later,
    sending: sendingOf(needs, choice),
    settings: settingsFor(needs, choice?.transport, fallback?.transport),
    changes: changesOf(needs),
    ranking,
  };
}

function sendingOf({ sentPerSecond }: Needs, choice: Ranked | null): Advice["sending"] {
  if (sentPerSecond === 0 || choice === null) return null;
  if (TRANSPORTS[choice.transport].isDuplex)
    return { by: choice.transport, text: "Publishes and commands go over the same connection." };
  return {
    by: "http",
    text: "Publishes and commands are requests of their own: POST /channels/… and POST /commands/….",
  };
}
