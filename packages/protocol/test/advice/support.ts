import fc from "fast-check";
import { applies } from "../../src/advice/check-needs.ts";
import { type Need, NEEDS, type Needs, type NeedValue } from "../../src/advice/needs.ts";
import type { rank } from "../../src/advice/rank.ts";

/** What is advised, by name: `ws` now, else `sse`, and `mqtt` later. */
export interface Outcome {
  readonly choice?: string | undefined;
  readonly fallback?: string | undefined;
  readonly later?: string | undefined;
}

export function outcomeOf(found: Pick<ReturnType<typeof rank>, "choice" | "fallback" | "later">): Outcome {
  return {
    choice: found.choice?.transport,
    fallback: found.fallback?.transport,
    later: found.later?.transport,
  };
}

/** Needs that are possible together, each with some of its values left to their defaults. */
export const someNeeds: fc.Arbitrary<Partial<Needs>> = fc
  .tuple(...NEEDS.map((need) => fc.option(valueOf(need), { nil: undefined })))
  .map((values) => {
    const given: Record<string, NeedValue> = {};
    for (const [at, need] of NEEDS.entries()) {
      const value = values[at];
      const options = need.type === "one-of" ? need.options : [];
      const only = options.find((option) => option.value === value)?.only;
      // What is not said of these has its default, which is the first of their values.
      const beside = { direction: "server-to-client", client: "browser", ...given } as const;
      if (value !== undefined && applies(need.only, beside) && applies(only, beside))
        given[need.name] = value;
    }
    return given;
  });

function valueOf(need: Need): fc.Arbitrary<NeedValue> {
  switch (need.type) {
    case "one-of":
      return fc.constantFrom(...need.options.map(({ value }) => value as NeedValue));
    case "some-of":
      return fc.subarray(need.options.map(({ value }) => value)) as unknown as fc.Arbitrary<NeedValue>;
    case "yes-no":
      return fc.boolean();
    case "number": {
      const around = need.steps.flatMap((step) => [step, Math.ceil(step * 1.5)]);
      return fc.constantFrom(need.min, need.max, ...around.filter((value) => value >= need.min));
    }
  }
}
