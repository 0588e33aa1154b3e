import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseBatch } from "../../src/http/payload.ts";

const parse = (...lines: readonly string[]): (readonly [string, string])[] =>
  parseBatch(Buffer.from(lines.join("\n"))).map(({ kind, data }) => [kind, Buffer.from(data).toString()]);

describe("a line of a batch", () => {
  test("that is nothing but JSON data passes it on as it stands, without what is around it", () => {
    expect(
      parse('{"data":{"a": 1.0000000000000000001}}', '{"data": [1, 2] }', '{"data":"}"}', '{"data":null}'),
    ).toEqual([
      ["json", '{"a": 1.0000000000000000001}'],
      ["json", "[1, 2]"],
      ["json", '"}"'],
      ["json", "null"],
    ]);
  });

  test("that begins like one, and has more, is read in full: also all lines after it", () => {
    const [one, two, three] = parseBatch(
      Buffer.from('{"data":1,"data":2}\n{"data":3,"event":"e"}\n{"data":"eA==","encoding":"base64"}'),
    );
    expect(Buffer.from(one?.data ?? []).toString()).toBe("2");
    expect(two).toMatchObject({ event: "e", kind: "json" });
    expect(three).toMatchObject({ kind: "bytes" });
  });

  test.each([
    '{"data":1}}',
    '{"data":}',
    '{"data":1',
    '{"data":\u00a01}',
    '{"data":1,}',
    '{"data":1}{"data":2}',
  ])("that only looks like one is refused by its number: %s", (line) => {
    expect(() => parse('{"data":0}', line)).toThrow(/line 2/);
  });

  test("gives the same payload whatever else is on it", () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom("", " "), (json, space) => {
        const [[, plain] = []] = parse(`{"data":${space}${json}${space}}`);
        const [[, named] = []] = parse(`{"event":"e","data":${space}${json}${space}}`);
        expect(plain).toBe(named);
      }),
    );
  });
});
