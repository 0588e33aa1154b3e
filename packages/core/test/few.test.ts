import fc from "fast-check";
import { expect, test } from "vitest";
import { Few } from "../src/few.ts";

test("holds what a Map would, in its order, however many there are", () => {
  const step = fc.record({ key: fc.constantFrom("a", "b", "c"), isAdded: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const few = new Few<number>();
      const map = new Map<string, number>();
      for (const [at, { key, isAdded }] of steps.entries()) {
        if (isAdded && !map.has(key)) {
          few.add(key, at);
          map.set(key, at);
        } else if (!isAdded) {
          few.delete(key);
          map.delete(key);
        }
        expect(few.size).toBe(map.size);
        expect([...few.keys()]).toEqual([...map.keys()]);
        expect([...few.values()]).toEqual([...map.values()]);
        expect(["a", "b", "c"].map((each) => few.get(each))).toEqual(
          ["a", "b", "c"].map((each) => map.get(each)),
        );
      }
    }),
  );
});
