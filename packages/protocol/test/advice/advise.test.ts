import fc from "fast-check";
import { expect, test } from "vitest";
import { advise } from "../../src/advice/advise.ts";
import { completeNeeds, needsWith } from "../../src/advice/check-needs.ts";
import { NEEDS, type NeedValue } from "../../src/advice/needs.ts";
import { rank } from "../../src/advice/rank.ts";
import { TRANSPORT_NAMES, TRANSPORTS } from "../../src/advice/transports.ts";
import { outcomeOf, someNeeds } from "./support.ts";

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

test("every transport is ranked once, by the sum of its reasons' points, and those ruled out stand last", () => {
  fc.assert(
    fc.property(someNeeds, (given) => {
      const { ranking } = advise(given);
      expect(ranking.map(({ transport }) => transport).sort()).toEqual([...TRANSPORT_NAMES].sort());
      for (const { score, reasons, isPossible } of ranking) {
        expect(score).toBe(reasons.reduce((sum, { points }) => sum + (points ?? 0), 0));
        expect(isPossible).toBe(reasons.every(({ points }) => points !== null));
      }
      const places = ranking.map(({ isPossible, score }) => [isPossible ? 0 : 1, -score] as const);
      expect(places).toEqual([...places].sort(([a, b], [c, d]) => a - c || b - d));
    }),
  );
});

test("a change that is told is so, and names the nearest value at which it is", () => {
  fc.assert(
    fc.property(someNeeds, (given) => {
      const { needs, changes } = advise(given);
      for (const { need, value, choice, later } of changes) {
        const found = outcomeOf(rank(needsWith(needs, need, value)));
        expect([found.choice ?? null, found.later ?? null]).toEqual([choice, later]);
        const now = outcomeOf(rank(needs));
        expect([choice, later]).not.toEqual([now.choice ?? null, now.later ?? null]);
      }
    }),
  );
  const { changes } = advise({ direction: "both" });
  expect(changes.find(({ need }) => need === "sentPerSecond")).toMatchObject({
    text: "above 1 a minute",
    choice: "ws",
  });
  expect(advise({ direction: "both", sentPerSecond: 5 }).changes).toContainEqual(
    expect.objectContaining({ need: "sentPerSecond", text: "1 a minute or less", choice: "sse" }),
  );
});

test("between two neighbouring steps of a number the advice is the same", () => {
  const numbers = NEEDS.filter((need) => need.type === "number");
  fc.assert(
    fc.property(someNeeds, fc.constantFrom(...numbers), fc.nat(), fc.nat(), (given, need, at, share) => {
      const needs = completeNeeds(given);
      if (needs[need.name] === need.only?.otherwise) return;
      const bounds = [need.min, ...need.steps.filter((step) => step > need.min), need.max];
      const low = bounds[at % (bounds.length - 1)] as number;
      const high = bounds[(at % (bounds.length - 1)) + 1] as number;
      const within = low + ((high - low) * ((share % 1_000) + 1)) / 1_001;
      const value = (need.unit === "per-second" ? within : Math.ceil(within)) as NeedValue;
      const inside = rank(needsWith(needs, need.name, value));
      expect(outcomeOf(inside)).toEqual(outcomeOf(rank(needsWith(needs, need.name, high))));
    }),
  );
});
