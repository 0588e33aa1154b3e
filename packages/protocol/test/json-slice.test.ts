import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sliceMember } from "../src/json-slice.ts";
import { oneOf } from "./arbitraries.ts";

const space = fc.string({ unit: fc.constantFrom(" ", "\n", "\r", "\t"), maxLength: 3 });
const number = fc.constantFrom("0", "-0", "1.50", "1e400", "123456789012345678901234567890", "1E-7", "0.10");
const name = fc.oneof(
  fc.constantFrom("data", "__proto__", "constructor", "", "a", "data ", 'da"ta', "da\\ta", "}"),
  fc.string({ unit: "binary" }),
);

/** A string as JSON, each character as it is or escaped: a name has many spellings. */
const spelt = (text: string): fc.Arbitrary<string> =>
  fc.infiniteStream(fc.boolean()).map((escapes) => {
    const parts = Array.from(text).map((character) => {
      if (escapes.next().value !== true) return JSON.stringify(character).slice(1, -1);
      const units = Array.from({ length: character.length }, (_, at) => character.charCodeAt(at));
      return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
    });
    return `"${parts.join("")}"`;
  });

const { value } = fc.letrec<{ value: string; object: string; array: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom(
      "true",
      "false",
      "null",
      '""',
      '"}"',
      '"]"',
      '"\\""',
      '"\\\\"',
      '"\\\\\\""',
      '","',
      "{}",
      "[]",
    ),
    number,
    fc.string({ unit: "binary" }).chain(spelt),
    tie("object"),
    tie("array"),
  ),
  object: fc
    .array(fc.tuple(space, name.chain(spelt), space, space, tie("value"), space), { maxLength: 4 })
    .map(
      (members) =>
        `{${members.map(([a, key, b, c, item, d]) => `${a}${key}${b}:${c}${item}${d}`).join(",")}}`,
    ),
  array: fc
    .array(fc.tuple(space, tie("value"), space), { maxLength: 4 })
    .map((items) => `[${items.map((item) => item.join("")).join(",")}]`),
}));

const members = fc.array(fc.tuple(name, value), { maxLength: 5 });

/** The text of an object with these members, and the members as they stand in it. */
const objectText = members.chain((list) =>
  fc
    .tuple(
      space,
      space,
      fc.tuple(
        ...list.map(([key, item]) =>
          fc.tuple(space, spelt(key), space, space, space).map(([a, spelling, b, c, d]) => {
            return `${a}${spelling}${b}:${c}${item}${d}`;
          }),
        ),
      ),
    )
    .map(([before, after, parts]) => ({ list, text: `${before}{${parts.join(",")}}${after}` })),
);

describe("the slice of a member", () => {
  test.each([
    ['{"data":1}', "1"],
    ['{"data":12345678901234567890.10}', "12345678901234567890.10"],
    [' { "a" : [ 1 , {"data":2} ] , "data" : { "b" : [ ] } } ', '{ "b" : [ ] }'],
    ['{"data":"}\\"]"}', '"}\\"]"'],
    ['{"data":"\\\\","a":1}', '"\\\\"'],
    ['{"data" : true\n}', "true"],
    ['{"data":null,"a":1}', "null"],
    ['{"data":[1,2],"data":[3 , 4]}', "[3 , 4]"],
    ['{"d\\u0061ta":1}', "1"],
    ['{"a":{"data":1}}', undefined],
    ['{"a":"data"}', undefined],
    ["{}", undefined],
    [" {\n} ", undefined],
  ])("of %s is %s", (text, slice) => {
    expect(sliceMember(text, "data")).toBe(slice);
  });

  test("of __proto__ and constructor is what the text says, and not what objects have", () => {
    expect(sliceMember('{"__proto__":{"a":1}}', "__proto__")).toBe('{"a":1}');
    expect(sliceMember("{}", "constructor")).toBeUndefined();
  });

  test("is the last member of this name, as it was written, in any object", () => {
    fc.assert(
      fc.property(objectText, name, ({ list, text }, extra) => {
        const parsed = JSON.parse(text) as Record<string, unknown>;
        for (const wanted of [...list.map(([key]) => key), extra]) {
          const slice = sliceMember(text, wanted);
          expect(slice).toBe(list.findLast(([key]) => key === wanted)?.[1]);
          const own = Object.getOwnPropertyDescriptor(parsed, wanted)?.value as unknown;
          expect(slice === undefined ? undefined : JSON.parse(slice)).toEqual(own);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("is found however deep and long the values are", () => {
    const deep = "[".repeat(200_000) + "]".repeat(200_000);
    expect(sliceMember(`{"a":${deep},"data":${deep}}`, "data")).toBe(deep);
    const long = JSON.stringify('\\"'.repeat(300_000));
    expect(sliceMember(`{"a":${long},"data":${long}}`, "data")).toBe(long);
  });

  test("comes to an end on text that is not JSON, whatever it answers", () => {
    fc.assert(
      fc.property(fc.string({ unit: oneOf('{}[]",:\\ 1a') }), (text) => {
        try {
          sliceMember(text, "data");
        } catch (error) {
          expect(error).toBeInstanceOf(SyntaxError);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
