import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ByteWriter } from "../src/byte-writer.ts";
import { toOffset } from "../src/cursor.ts";
import { sliceMember } from "../src/json-slice.ts";
import { formatTime, payloadOf, writeMessageObject } from "../src/message-object.ts";
import type { Message } from "../src/message.ts";
import { hostileText, jsonText, message } from "./arbitraries.ts";
import { objectOf, payloadIn } from "./messages.ts";

const TIME = Date.UTC(2025, 10, 21, 1, 40, 53, 7);
const MESSAGE: Message = {
  ...{ offset: toOffset(42), timeMs: TIME, event: "message", kind: "json", data: Buffer.from('{"a":1}') },
};

function write(changes: Partial<Message>, source = { channel: "evals/1", epoch: "k3x9" }): string {
  const writer = new ByteWriter();
  writeMessageObject(writer, { ...MESSAGE, ...changes }, source);
  return Buffer.from(writer.take((size) => new Uint8Array(size))).toString();
}

const text = (data: string): Partial<Message> => ({ kind: "text", data: Buffer.from(data) });
const HEAD = '{"type":"message","channel":"evals/1"';
const END = '"time":"2025-11-21T01:40:53.007Z"';

describe("a message object", () => {
  test("has its channel, cursor, time and data", () => {
    expect(write({})).toBe(`${HEAD},"cursor":"k3x9.42",${END},"data":{"a":1}}`);
  });

  test("has an event where it is not message, and a key where there is one", () => {
    expect(write({ event: "step", key: "run" })).toBe(
      `${HEAD},"cursor":"k3x9.42","event":"step","key":"run",${END},"data":{"a":1}}`,
    );
  });

  test("has no cursor where the message is ephemeral", () => {
    expect(write({ offset: toOffset(0) })).toBe(`${HEAD},${END},"data":{"a":1}}`);
  });

  test("has text as a JSON string that is told from JSON", () => {
    expect(write(text('a"\n'))).toBe(
      `${HEAD},"cursor":"k3x9.42",${END},"contentType":"text/plain","data":"a\\"\\n"}`,
    );
  });

  test("has bytes as base64", () => {
    expect(write({ kind: "bytes", data: new Uint8Array([0, 255]) })).toBe(
      `${HEAD},"cursor":"k3x9.42",${END},"encoding":"base64","data":"AP8="}`,
    );
  });

  test("has empty text and no bytes as empty strings", () => {
    expect(payloadOf(objectOf(write(text(""))))).toBe("");
    expect(payloadOf(objectOf(write({ kind: "bytes", data: new Uint8Array(0) })))).toEqual(new Uint8Array(0));
  });

  test("is the message again when it is read, whatever it is", () => {
    fc.assert(
      fc.property(message, (given) => {
        const object = objectOf(write(given));
        expect(object).toMatchObject({ type: "message", channel: "evals/1" });
        expect(object.cursor).toBe(given.offset === 0 ? undefined : `k3x9.${given.offset}`);
        expect(object.event ?? "message").toBe(given.event);
        expect(object.key).toBe(given.key);
        expect(Date.parse(object.time)).toBe(given.timeMs);
        expect(payloadOf(object)).toEqual(payloadIn(given));
      }),
      { numRuns: 500 },
    );
  });

  test("is one line, however its payload was published", () => {
    fc.assert(
      fc.property(message, (given) => {
        expect(write(given)).not.toMatch(/[\r\n]/);
      }),
    );
  });

  test("passes JSON on byte for byte, but for line ends, which become spaces", () => {
    fc.assert(
      fc.property(jsonText, (json) => {
        const line = write({ data: Buffer.from(json) });
        // A slice begins and ends with the value, and so does what was published here.
        expect(sliceMember(line, "data")).toBe(json.replaceAll(/[\r\n]/g, " "));
      }),
    );
    const digits = "[123456789012345678901234567890.10,1e400,-0]";
    expect(write({ data: Buffer.from(digits) })).toContain(`"data":${digits}}`);
  });

  test("keeps every Unicode scalar of a text", () => {
    let all = "";
    for (let code = 0; code <= 0x10_ffff; code++) {
      if (code < 0xd800 || code > 0xdfff) all += String.fromCodePoint(code);
    }
    const read = payloadOf(objectOf(write(text(all))));
    expect(read === all).toBe(true); // not toBe: a difference of a million characters helps nobody
  });

  test("writes text as JSON.stringify does", () => {
    fc.assert(
      fc.property(hostileText, (given) => {
        expect(sliceMember(write(text(given)), "data")).toBe(JSON.stringify(given));
      }),
    );
  });

  test("does not depend on the messages before it", () => {
    const source = fc.record({ channel: fc.constantFrom("a", "b"), epoch: fc.constantFrom("e", "f") });
    const small = fc.record({ offset: fc.nat(2).map(toOffset), timeMs: fc.nat(2) });
    fc.assert(
      fc.property(fc.array(fc.tuple(small, source), { minLength: 1, maxLength: 8 }), (list) => {
        for (const [{ offset, timeMs }, { channel, epoch }] of list) {
          const object = objectOf(write({ offset, timeMs }, { channel, epoch }));
          expect(object.channel).toBe(channel);
          expect(object.cursor).toBe(offset === 0 ? undefined : `${epoch}.${offset}`);
          expect(object.time).toBe(new Date(timeMs).toISOString());
        }
      }),
    );
  });
});

describe("a time", () => {
  test("is RFC 3339 with milliseconds, in UTC", () => {
    expect(formatTime(0)).toBe("1970-01-01T00:00:00.000Z");
    expect(formatTime(TIME)).toBe("2025-11-21T01:40:53.007Z");
    expect(formatTime(TIME)).toBe("2025-11-21T01:40:53.007Z");
    expect(formatTime(TIME + 1)).toBe("2025-11-21T01:40:53.008Z");
  });
});

describe("a payload", () => {
  test("is the JSON value, the text or the bytes", () => {
    expect(payloadOf({ data: { a: 1 } })).toEqual({ a: 1 });
    expect(payloadOf({ data: null })).toBeNull();
    expect(payloadOf({ data: "Zg==" })).toBe("Zg==");
    expect(payloadOf({ encoding: "base64", data: "Zg==" })).toEqual(new Uint8Array([0x66]));
    const data = new Uint8Array([1]);
    expect(payloadOf({ encoding: "binary", data })).toBe(data);
  });

  test("is undefined where the base64 is none", () => {
    for (const data of ["Zg", 1, null, undefined, {}]) {
      expect(payloadOf({ encoding: "base64", data })).toBeUndefined();
    }
  });
});
