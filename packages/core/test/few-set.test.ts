import fc from "fast-check";
import { expect, test } from "vitest";
import { FewSet } from "../src/few-set.ts";

test("holds what a Set would, in its order, however many there are", () => {
  const values = [{ of: "a" }, { of: "b" }, { of: "c" }];
  const step = fc.record({ value: fc.constantFrom(...values), isAdded: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const few = new FewSet<object>();
      const set = new Set<object>();
      for (const { value, isAdded } of steps) {
        if (isAdded) {
          few.add(value);
          set.add(value);
        } else {
          few.delete(value);
          set.delete(value);
        }
        expect(few.size).toBe(set.size);
        expect([...few]).toEqual([...set]);
      }
    }),
  );
});

test("what is deleted while all are visited is passed over", () => {
  const [one, other] = [{ of: "a" }, { of: "b" }];
  const few = new FewSet<object>();
  few.add(one);
  few.add(other);
  const visited: object[] = [];
  for (const value of few) {
    visited.push(value);
    few.delete(other);
  }
  expect(visited).toEqual([one]);
});
