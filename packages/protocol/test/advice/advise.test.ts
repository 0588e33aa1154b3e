import fc from "fast-check";
import { expect, test } from "vitest";
import { advise } from "../../src/advice/advise.ts";
import { applies, completeNeeds, needsWith } from "../../src/advice/check-needs.ts";
import { NEEDS, type Needs, type NeedValue } from "../../src/advice/needs.ts";
import { rank } from "../../src/advice/rank.ts";
import { TRANSPORT_NAMES, TRANSPORTS } from "../../src/advice/transports.ts";
import { someNeeds } from "./support.ts";

test("the same needs get the same advice, and so do those that an advice says it is for", () => {
  fc.assert(
    fc.property(someNeeds, (given) => {
      const advice = advise(given);
      expect(advise(given)).toEqual(advice);
      expect(advise(advice.needs)).toEqual(advice);
      expect(JSON.parse(JSON.stringify(advice))).toEqual(advice);
    }),
  );
});

test("what this version does not have, or a rule rules out, is never the choice or the fallback", () => {
  fc.assert(
    fc.property(someNeeds, (given) => {
      const { choice, fallback, later } = advise(given);
      for (const each of [choice, fallback])
        if (each !== null) expect(each).toMatchObject({ isBuilt: true, isPossible: true });
      if (later !== null) expect(later).toMatchObject({ isBuilt: false, isPossible: true });
      if (choice !== null && fallback !== null)
        expect(TRANSPORTS[fallback.transport].path).not.toBe(TRANSPORTS[choice.transport].path);
    }),
  );
});

test("every transport is ranked once, by the sum of its reasons' points; the simpler one first where it is the same, those ruled out last", () => {
  fc.assert(
    fc.property(someNeeds, (given) => {
      const { ranking } = advise(given);
      expect(ranking.map(({ transport }) => transport).sort()).toEqual([...TRANSPORT_NAMES].sort());
      for (const { score, reasons, isPossible } of ranking) {
        expect(score).toBe(reasons.reduce((sum, { points }) => sum + (points ?? 0), 0));
        expect(isPossible).toBe(reasons.every(({ points }) => points !== null));
      }
      const places = ranking.map(
        ({ isPossible, score, transport }) =>
          [isPossible ? 0 : 1, -score, TRANSPORT_NAMES.indexOf(transport)] as const,
      );
      expect(places).toEqual([...places].sort(([a, b, c], [d, e, f]) => a - d || b - e || c - f));
    }),
  );
});

test("a change that is told is so, and of a number the nearest one each way is", () => {
  fc.assert(
    fc.property(someNeeds, (given) => {
      const { needs, changes } = advise(given);
      const now = advisedFor(needs);
      for (const { need, value, choice, later } of changes) {
        expect(advisedFor(needsWith(needs, need, value))).toEqual([choice, later]);
        expect([choice, later]).not.toEqual(now);
        if (typeof value !== "number") continue;
        const steps = numbers.find(({ name }) => name === need)?.steps ?? [];
        const [low, high] = [value, needs[need] as number].sort((one, other) => one - other);
        // Those on the way: a step itself is below, so the nearest above is not among them.
        for (const step of steps.filter((each) => each > (low as number) && each < (high as number)))
          expect(advisedFor(needsWith(needs, need, step as NeedValue))).toEqual(now);
      }
    }),
  );
});

test("what would change the advice is told with the step at which it does", () => {
  const changesOf = (sentPerSecond: number): unknown =>
    advise({ direction: "both", sentPerSecond }).changes.find(({ need }) => need === "sentPerSecond");
  expect(changesOf(0.01)).toMatchObject({ text: "above 1 a minute", choice: "ws", later: null });
  expect(changesOf(5)).toMatchObject({ text: "1 a minute or less", choice: "sse", later: null });
});

test("between two neighbouring steps of a number the advice is the same, up to the higher one", () => {
  fc.assert(
    fc.property(someNeeds, (given) => {
      const needs = completeNeeds(given);
      for (const { name, only, unit, min, max, steps } of numbers) {
        if (!applies(only, needs)) continue;
        const bounds = [min, ...steps.filter((step) => step > min), max];
        for (const [at, high] of bounds.entries()) {
          const low = bounds[at - 1];
          if (low === undefined) continue;
          const least = unit === "per-second" ? low + (high - low) / 1_000 : low + 1;
          const [one, other] = [least, high].map((value) =>
            advisedFor(needsWith(needs, name, value as NeedValue)),
          );
          expect(one, `${name} from ${least} to ${high}`).toEqual(other);
        }
      }
    }),
  );
});

const numbers = NEEDS.filter((need) => need.type === "number");

function advisedFor(needs: Needs): readonly (string | null)[] {
  const { choice, later } = rank(needs);
  return [choice?.transport ?? null, later?.transport ?? null];
}
