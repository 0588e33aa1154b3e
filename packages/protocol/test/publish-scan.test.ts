import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseClientFrame } from "../src/client-frame.ts";
import type { ClientFrame, PublishFrame } from "../src/frames.ts";
import { MAX_FRAME_ID_BYTES } from "../src/limits.ts";
import { PublishScanner } from "../src/publish-scan.ts";
import { hostileText, jsonText } from "./arbitraries.ts";

const scanner = new PublishScanner({
  text: (bytes, from, to) => Buffer.from(bytes.subarray(from, to)).toString("latin1"),
  copy: (bytes, from, to) => bytes.slice(from, to),
});
const scan = (text: string): PublishFrame | undefined => scanner.read(new Uint8Array(Buffer.from(text)));

function parse(text: string): ClientFrame | undefined {
  try {
    return parseClientFrame(text);
  } catch {
    return undefined;
  }
}

describe("a publish frame read from its bytes", () => {
  test.each([
    '{"type":"publish","id":"1","channel":"a/b","data":{"a":[1.50,"}"]}}',
    ' { "data" : [ ] , "channel" : "a" , "type" : "publish" , "id" : "2" } \n',
    '{"type":"publish","id":"1","channel":"a","event":"e","key":"k","idempotencyKey":"i","data":null}',
    `{"type":"publish","id":"${"i".repeat(MAX_FRAME_ID_BYTES)}","channel":"${"c".repeat(255)}","data":12345678901234567890.10}`,
    '{"type":"publish","id":"1","channel":"not a name","data":"é"}',
  ])("%j is what parsing makes of it", (text) => {
    expect(scan(text)).toEqual(parse(text));
    expect(scan(text)).toBeDefined();
  });

  test.each([
    ["another frame", '{"type":"ping","id":"1"}'],
    ["a name with an escape", '{"type":"publish","id":"\\u0031","channel":"a","data":1}'],
    ["a name that is not ASCII", '{"type":"publish","id":"é","channel":"a","data":1}'],
    ["a member with an option", '{"type":"publish","id":"1","channel":"a","data":1,"ephemeral":true}'],
    ["a member that stands twice", '{"type":"publish","id":"1","channel":"a","data":1,"data":2}'],
    ["an empty id", '{"type":"publish","id":"","channel":"a","data":1}'],
    [
      "an id that is too long",
      `{"type":"publish","id":"${"i".repeat(MAX_FRAME_ID_BYTES + 1)}","channel":"a","data":1}`,
    ],
    ["no data", '{"type":"publish","id":"1","channel":"a"}'],
    ["more behind it", '{"type":"publish","id":"1","channel":"a","data":1}}'],
    ["a comma too many", '{"type":"publish","id":"1","channel":"a","data":1,}'],
    ["an end that is missing", '{"type":"publish","id":"1","channel":"a","data":1'],
    ["more than 16,384 bytes", `{"type":"publish","id":"1","channel":"a","data":"${"x".repeat(16_384)}"}`],
  ])("%s is left to the parser", (_what, text) => {
    expect(scan(text)).toBeUndefined();
  });

  test("it has a payload of its own, and names that are the same are the same text", () => {
    const bytes = new Uint8Array(Buffer.from('{"type":"publish","id":"1","channel":"a","data":"x"}'));
    const frame = scanner.read(bytes) as PublishFrame;
    bytes.fill(0);
    expect(Buffer.from(frame.data).toString()).toBe('"x"');
    // Two names that share a place among those that are kept, in turns.
    const names = Array.from({ length: 600 }, (_, at) => `channel-${at}`);
    for (const name of [...names, ...names])
      expect(scan(`{"type":"publish","id":"1","channel":"${name}","data":1}`)?.channel).toBe(name);
  });

  test("whatever it reads, parsing reads the same", () => {
    const text = fc.oneof(fc.constantFrom("publish", "1", "a/b", "x y", "", "\\u0061"), hostileText);
    const member = fc.oneof(
      fc
        .tuple(fc.constantFrom("type", "id", "channel", "event", "key", "idempotencyKey", "x"), text)
        .map(([name, value]) => `"${name}":"${value}"`),
      jsonText.map((value) => `"data":${value}`),
      jsonText.map((value) => `"data":${value}`),
    );
    const needed = ['"type":"publish"', '"id":"1"', '"channel":"a"'];
    const frame = fc
      .tuple(fc.array(member, { maxLength: 3 }), fc.shuffledSubarray(needed, { minLength: 3 }), fc.nat(9))
      .map(([members, others, cut]) =>
        `{${[...others, ...members].join(",")}}`.slice(0, cut === 9 ? -1 : undefined),
      )
      .map((all) => all.toWellFormed());
    let read = 0;
    fc.assert(
      fc.property(frame, (all) => {
        const scanned = scan(all);
        if (scanned === undefined) return;
        read++;
        expect(scanned).toEqual(parse(all));
      }),
      { numRuns: 1_000 },
    );
    expect(read).toBeGreaterThan(50);
  });
});
