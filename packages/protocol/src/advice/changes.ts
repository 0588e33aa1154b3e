import { applies, needsWith } from "./check-needs.ts";
import { describeNumber } from "./describe.ts";
import { type Need, type NeedName, NEEDS, type Needs, type NeedValue } from "./needs.ts";
import { rank } from "./rank.ts";
import type { TransportName } from "./transports.ts";

/** Another value of one need that would have another advice. */
export interface Change {
  readonly need: NeedName;
  /** The value in words, after the need's label: `above 1 a minute`. */
  readonly text: string;
  /** A value for which it is so. */
  readonly value: NeedValue;
  readonly choice: TransportName | null;
  readonly later: TransportName | null;
}

/** What else could be said of a need, the nearest first: the words for it, and a value. */
type Other = readonly [text: string, value: NeedValue];

/** Changes each need by itself and tells which ones have another choice; of a number, the nearest value each way. */
export function changesOf(needs: Needs): readonly Change[] {
  const now = rank(needs);
  return NEEDS.filter(({ only }) => applies(only, needs)).flatMap((need) =>
    othersOf(need, needs).flatMap((way) => {
      for (const [text, value] of way) {
        const { choice, later } = rank(needsWith(needs, need.name, value));
        const isSame =
          choice?.transport === now.choice?.transport && later?.transport === now.later?.transport;
        if (isSame) continue;
        return [
          {
            need: need.name,
            text,
            value,
            choice: choice?.transport ?? null,
            later: later?.transport ?? null,
          },
        ];
      }
      return [];
    }),
  );
}

/** Ways to go from the value that a need has; of each, only the first change is of interest. */
function othersOf(need: Need, needs: Needs): readonly (readonly Other[])[] {
  const { name } = need;
  switch (need.type) {
    case "one-of":
      return need.options
        .filter(({ value, only }) => value !== needs[name] && applies(only, needs))
        .map(({ value }) => [[value, value as NeedValue]]);
    case "some-of": {
      const held = needs[name] as readonly string[];
      return need.options.map(({ value }) => {
        const isHeld = held.includes(value);
        const other = isHeld ? held.filter((each) => each !== value) : [...held, value];
        return [[isHeld ? `without ${value}` : `with ${value}`, other as unknown as NeedValue]];
      });
    }
    case "yes-no":
      return [[[needs[name] === true ? "no" : "yes", needs[name] !== true]]];
    case "number": {
      const held = needs[name] as number;
      const down = need.steps
        .filter((step) => step < held)
        .map((step): Other => [`${describeNumber(need.unit, step)} or less`, step]);
      const up = need.steps
        .map((step, at): Other => [
          `above ${describeNumber(need.unit, step)}`,
          valueAbove(need, step, need.steps[at + 1]),
        ])
        .filter((_, at) => (need.steps[at] as number) >= held);
      return [down.reverse(), up];
    }
  }
}

/** Above a step, and not above the next one. */
function valueAbove(
  need: Need & { readonly type: "number" },
  step: number,
  next: number | undefined,
): number {
  const value = Math.min(step * 2, next ?? need.max);
  return need.unit === "per-second" ? value : Math.ceil(value);
}
