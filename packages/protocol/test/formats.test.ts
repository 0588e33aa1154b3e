import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { toOffset } from "../src/cursor.ts";
import * as formats from "../src/formats.ts";
import { type MessageObject, payloadOf } from "../src/message-object.ts";
import type { Message } from "../src/message.ts";
import { LineDecoder } from "../src/ndjson-decoder.ts";
import { parseBinaryFrame } from "../src/server-frame.ts";
import type { SseEvent } from "../src/sse-decoder.ts";
import { encodeBatch, type WireFormat } from "../src/wire-format.ts";
import { message } from "./arbitraries.ts";
import { objectOf, payloadIn } from "./messages.ts";
import { reportsOf } from "./sse.ts";
import { readFrames } from "./websocket-frames.ts";

const SOURCE = { channel: "evals/1", epoch: "k3x9" };
const ALL: readonly WireFormat[] = Object.values(formats);
const messages = fc.array(message, { maxLength: 5 });
const MESSAGE: Message = {
  ...{ offset: toOffset(42), timeMs: 0, event: "message", kind: "text", data: Buffer.from("hi") },
};
const OBJECT = '"time":"1970-01-01T00:00:00.000Z","contentType":"text/plain","data":"hi"}';

const encode = (format: WireFormat, ...list: Message[]): Buffer =>
  Buffer.from(encodeBatch(format, list, SOURCE).bytes);
const write = (format: WireFormat, changes: Partial<Message> = {}): string =>
  encode(format, { ...MESSAGE, ...changes }).toString();

function expectSame(objects: readonly MessageObject[], given: readonly Message[]): void {
  expect(objects).toHaveLength(given.length);
  for (const [index, object] of objects.entries()) {
    const original = given[index] as Message;
    expect(object).toMatchObject({ type: "message", channel: SOURCE.channel });
    expect(object.cursor).toBe(original.offset === 0 ? undefined : `k3x9.${original.offset}`);
    expect(object.event ?? "message").toBe(original.event);
    expect(object.key).toBe(original.key);
    expect(Date.parse(object.time)).toBe(original.timeMs);
    expect(payloadOf(object)).toEqual(payloadIn(original));
  }
}

function eventsOf(bytes: Uint8Array): SseEvent[] {
  return reportsOf([bytes]).map((report) => {
    if (!("event" in report)) throw new Error(`not an event: ${JSON.stringify(report)}`);
    return report.event;
  });
}

/** What the last event id is after each message: an ephemeral one leaves it where it was. */
function idsOf(given: readonly Message[]): string[] {
  let id = "";
  return given.map(({ offset }) => (id = offset === 0 ? id : `k3x9.${offset}`));
}

describe.each(ALL.map((format) => ({ name: format.name, format })))("the format $name", ({ format }) => {
  test("writes messages side by side as it writes each alone", () => {
    fc.assert(
      fc.property(messages, (given) => {
        expect(encode(format, ...given)).toEqual(Buffer.concat(given.map((one) => encode(format, one))));
      }),
    );
  });
});

test("each format has a name of its own", () => {
  expect(new Set(ALL.map(({ name }) => name)).size).toBe(ALL.length);
});

describe("ndjson", () => {
  test("is a message object a line", () => {
    expect(write(formats.ndjsonFormat)).toBe(
      `{"type":"message","channel":"evals/1","cursor":"k3x9.42",${OBJECT}\n`,
    );
  });

  test("is read back as it was written, and no publisher can add or break a line", () => {
    fc.assert(
      fc.property(messages, (given) => {
        const lines: string[] = [];
        new LineDecoder((line) => lines.push(line), { fatal: true }).push(
          encode(formats.ndjsonFormat, ...given),
        );
        expectSame(lines.map(objectOf), given);
      }),
      { numRuns: 300 },
    );
  });

  test("has no CR and no LF but at the end of each line", () => {
    fc.assert(
      fc.property(message, (given) => {
        expect(encode(formats.ndjsonFormat, given).toString()).toMatch(/^[^\r\n]+\n$/);
      }),
    );
  });
});

describe("page", () => {
  test("is the inside of an array once the last comma is cut off, and no publisher can add an item", () => {
    fc.assert(
      fc.property(messages, (given) => {
        const items = encode(formats.pageFormat, ...given).toString();
        const page = JSON.parse(`[${items.slice(0, -1)}]`) as MessageObject[];
        expectSame(page, given);
      }),
    );
  });
});

describe("websocket", () => {
  test("is a message object in a text frame, and no publisher can add or break a frame", () => {
    fc.assert(
      fc.property(messages, (given) => {
        const frames = readFrames(encode(formats.webSocketFormat, ...given));
        expect(frames.every(({ opcode }) => opcode === 1)).toBe(true);
        const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
        expectSame(
          frames.map(({ payload }) => objectOf(utf8.decode(payload))),
          given,
        );
      }),
      { numRuns: 300 },
    );
  });

  test.each([125, 126, 127, 65_535, 65_536, 65_537])("may have a frame of %i bytes", (size) => {
    const empty = readFrames(encode(formats.webSocketFormat, { ...MESSAGE, data: new Uint8Array(0) }));
    const [frame] = empty;
    const data = Buffer.alloc(Math.max(0, size - (frame?.payload.length ?? 0)), "x");
    const sized = { ...MESSAGE, data };
    expectSame(
      readFrames(encode(formats.webSocketFormat, sized)).map(({ payload }) => objectOf(payload.toString())),
      [sized],
    );
  });
});

describe("websocket-binary", () => {
  test("has bytes in a binary frame: u32 header length, JSON header, bytes", () => {
    const [frame] = readFrames(
      encode(formats.binaryWebSocketFormat, { ...MESSAGE, kind: "bytes", data: new Uint8Array([0, 255]) }),
    );
    const head =
      '{"type":"message","channel":"evals/1","cursor":"k3x9.42","time":"1970-01-01T00:00:00.000Z","encoding":"binary"}';
    const length = Buffer.from([0, 0, 0, head.length]);
    expect(frame).toEqual({
      opcode: 2,
      payload: Buffer.concat([length, Buffer.from(head), Buffer.from([0, 255])]),
    });
  });

  test("has JSON and text as the other WebSocket format has them", () => {
    expect(write(formats.binaryWebSocketFormat)).toBe(write(formats.webSocketFormat));
  });

  test("is read back as it was written", () => {
    fc.assert(
      fc.property(messages, (given) => {
        const frames = readFrames(encode(formats.binaryWebSocketFormat, ...given));
        const objects = frames.map(({ opcode, payload }) => {
          const object = opcode === 2 ? parseBinaryFrame(payload) : objectOf(payload.toString());
          if (object === undefined) throw new Error("not a binary frame");
          return object.data instanceof Uint8Array
            ? { ...object, data: new Uint8Array(object.data) }
            : object;
        });
        expectSame(objects, given);
        expect(frames.map(({ opcode }) => opcode)).toEqual(
          given.map(({ kind }) => (kind === "bytes" ? 2 : 1)),
        );
      }),
      { numRuns: 300 },
    );
  });

  test.each([0, 1, 65_535, 65_536, 1_000_000])("carries %i bytes", (size) => {
    const data = new Uint8Array(size).map((_, at) => at & 255);
    const [frame] = readFrames(encode(formats.binaryWebSocketFormat, { ...MESSAGE, kind: "bytes", data }));
    const read = parseBinaryFrame(frame?.payload ?? new Uint8Array(0));
    expect(Buffer.from(read?.data ?? []).equals(Buffer.from(data))).toBe(true);
  });
});

describe("sse", () => {
  test("has the cursor as id, the event, and the payload as it was published", () => {
    expect(write(formats.sseFormat)).toBe("id: k3x9.42\ndata: hi\n\n");
    expect(write(formats.sseFormat, { event: "step" })).toBe("id: k3x9.42\nevent: step\ndata: hi\n\n");
    expect(write(formats.sseFormat, { kind: "json", data: Buffer.from('{ "a":1 }') })).toBe(
      'id: k3x9.42\ndata: { "a":1 }\n\n',
    );
  });

  test("has no id where the message is ephemeral, so that the client's position stays", () => {
    expect(write(formats.sseFormat, { offset: toOffset(0) })).toBe("data: hi\n\n");
  });

  test("has bytes as base64", () => {
    expect(write(formats.sseFormat, { kind: "bytes", data: new Uint8Array([0, 255]) })).toBe(
      "id: k3x9.42\ndata: AP8=\n\n",
    );
  });

  test.each([
    ["", "data: \n"],
    ["\n", "data: \ndata: \n"],
    ["a\n", "data: a\ndata: \n"],
    ["a\nb", "data: a\ndata: b\n"],
    ["a\rb", "data: a\ndata: b\n"],
    ["a\r\nb", "data: a\ndata: b\n"],
    ["a\n\rb", "data: a\ndata: \ndata: b\n"],
    ["a\r\rb", "data: a\ndata: \ndata: b\n"],
    ["\r\n", "data: \ndata: \n"],
    ["a\r", "data: a\ndata: \n"],
    [" a", "data:  a\n"],
    ["\ufeff\0\u2028", "data: \ufeff\0\u2028\n"],
  ])("has the text %j as lines of data", (text, lines) => {
    expect(write(formats.sseFormat, { data: Buffer.from(text), offset: toOffset(0) })).toBe(`${lines}\n`);
  });

  test("is read back as it was published, every line end as LF", () => {
    fc.assert(
      fc.property(messages, (given) => {
        const events = eventsOf(encode(formats.sseFormat, ...given));
        const data = given.map(({ kind, data: bytes }) =>
          kind === "bytes"
            ? Buffer.from(bytes).toString("base64")
            : Buffer.from(bytes)
                .toString()
                .replaceAll(/\r\n|\r/g, "\n"),
        );
        expect(events).toEqual(
          idsOf(given).map((lastEventId, index) => ({
            lastEventId,
            event: given[index]?.event,
            data: data[index],
          })),
        );
      }),
      { numRuns: 500 },
    );
  });

  test("keeps every Unicode scalar", () => {
    let all = "";
    for (let code = 0; code <= 0x10_ffff; code++) {
      if ((code < 0xd800 || code > 0xdfff) && code !== 0x0d) all += String.fromCodePoint(code);
    }
    const [event] = eventsOf(encode(formats.sseFormat, { ...MESSAGE, data: Buffer.from(all) }));
    expect(event?.data === all).toBe(true); // not toBe: a difference of a million characters helps nobody
  });
});

describe.each([formats.sseObjectFormat, formats.sseSharedFormat])("$name", (format) => {
  const hasIds = format === formats.sseObjectFormat;

  test("has the message object as data, on one line", () => {
    const object = `{"type":"message","channel":"evals/1","cursor":"k3x9.42","event":"step",${OBJECT}`;
    expect(write(format, { event: "step" })).toBe(`${hasIds ? "id: k3x9.42\n" : ""}data: ${object}\n\n`);
  });

  test("is read back as it was written", () => {
    fc.assert(
      fc.property(messages, (given) => {
        const events = eventsOf(encode(format, ...given));
        expectSame(
          events.map(({ data }) => objectOf(data)),
          given,
        );
        // Not named: an EventSource's onmessage gets them all.
        expect(new Set(events.map(({ event }) => event))).toEqual(
          new Set(given.length === 0 ? [] : ["message"]),
        );
        expect(events.map(({ lastEventId }) => lastEventId)).toEqual(
          hasIds ? idsOf(given) : given.map(() => ""),
        );
      }),
      { numRuns: 300 },
    );
  });
});

describe.each([formats.sseFormat, formats.sseObjectFormat, formats.sseSharedFormat])("in $name", (format) => {
  test("no publisher can add a field, a line or an event", () => {
    fc.assert(
      fc.property(message, (given) => {
        const [last, blank, ...lines] = encode(format, given)
          .toString()
          .split(/\r\n|\r|\n/)
          .toReversed();
        expect([last, blank]).toEqual(["", ""]);
        const fields = lines.toReversed().map((line) => line.slice(0, line.indexOf(": ")));
        const id = given.offset > 0 && format !== formats.sseSharedFormat ? ["id"] : [];
        const event = given.event !== "message" && format === formats.sseFormat ? ["event"] : [];
        const names = [...id, ...event];
        expect(fields.slice(0, names.length)).toEqual(names);
        expect(new Set(fields.slice(names.length))).toEqual(new Set(["data"]));
      }),
      { numRuns: 500 },
    );
  });
});

describe("a stored payload", () => {
  const REFERENCE = '{"url":"/artifacts/a1","size":600000,"type":"text/plain","sha256":"ab"}';
  const HEAD = '{"type":"message","channel":"evals/1","cursor":"k3x9.42","time":"1970-01-01T00:00:00.000Z"';
  const data = new Uint8Array(0);
  const artifact = Buffer.from(`{"artifact":${REFERENCE}}`);
  const withPreview = Buffer.from(`{"artifact":${REFERENCE},"preview":"line 1\\n"}`);
  const object = `${HEAD},"artifact":${REFERENCE}}`;
  const shown = `${HEAD},"artifact":${REFERENCE},"preview":"line 1\\n"}`;

  test.each<[string, WireFormat, (object: string) => string]>([
    ["an NDJSON line", formats.ndjsonFormat, (text) => `${text}\n`],
    ["an item of a page", formats.pageFormat, (text) => `${text},`],
    ["SSE data on several channels", formats.sseSharedFormat, (text) => `data: ${text}\n\n`],
    ["SSE data with envelopes", formats.sseObjectFormat, (text) => `id: k3x9.42\ndata: ${text}\n\n`],
  ])("is told instead of data in %s", (_, format, around) => {
    expect(write(format, { data, artifact })).toBe(around(object));
    expect(write(format, { data, artifact: withPreview })).toBe(around(shown));
    expect(write(format, { kind: "bytes", data, artifact })).toBe(around(object));
  });

  test("is itself the data in plain SSE", () => {
    expect(write(formats.sseFormat, { data, artifact: withPreview, event: "step" })).toBe(
      `id: k3x9.42\nevent: step\ndata: ${withPreview.toString()}\n\n`,
    );
  });

  test.each([formats.webSocketFormat, formats.binaryWebSocketFormat])(
    "is told in a text frame of $name",
    (format) => {
      for (const kind of ["json", "text", "bytes"] as const) {
        const frames = readFrames(encode(format, { ...MESSAGE, kind, data, artifact }));
        expect(frames).toEqual([{ opcode: 1, payload: Buffer.from(object) }]);
      }
    },
  );

  test("that the message carries too is told to text readers, and both to those who take binary frames", () => {
    const both = { kind: "bytes", data: Uint8Array.of(1, 2), artifact: withPreview } as const;
    for (const format of [formats.ndjsonFormat, formats.sseObjectFormat, formats.pageFormat])
      expect(write(format, both)).toContain(shown);
    expect(write(formats.sseFormat, both)).toBe(`id: k3x9.42\ndata: ${withPreview.toString()}\n\n`);
    expect(readFrames(encode(formats.webSocketFormat, { ...MESSAGE, ...both }))[0]?.payload.toString()).toBe(
      shown,
    );
    const [frame] = readFrames(encode(formats.binaryWebSocketFormat, { ...MESSAGE, ...both }));
    const head = Buffer.from(`${shown.slice(0, -1)},"encoding":"binary"}`);
    const length = Buffer.from([0, 0, head.length >> 8, head.length & 255]);
    expect(frame).toEqual({ opcode: 2, payload: Buffer.concat([length, head, Buffer.from([1, 2])]) });
    expect(parseBinaryFrame(frame?.payload ?? data)).toMatchObject({
      artifact: { url: "/artifacts/a1" },
      preview: "line 1\n",
      data: Buffer.from([1, 2]),
    });
  });
});

describe("the deletion of a key", () => {
  const deletion = { kind: "none", data: new Uint8Array(0), key: 'a"b' } as const;
  const object =
    '{"type":"message","channel":"evals/1","cursor":"k3x9.42","key":"a\\"b","time":"1970-01-01T00:00:00.000Z","deleted":true}';

  test("is a message object without data", () => {
    expect(write(formats.ndjsonFormat, deletion)).toBe(`${object}\n`);
    expect(write(formats.pageFormat, deletion)).toBe(`${object},`);
    expect(write(formats.sseObjectFormat, deletion)).toBe(`id: k3x9.42\ndata: ${object}\n\n`);
    expect(write(formats.sseSharedFormat, deletion)).toBe(`data: ${object}\n\n`);
    for (const format of [formats.webSocketFormat, formats.binaryWebSocketFormat]) {
      const frames = readFrames(encode(format, { ...MESSAGE, ...deletion }));
      expect(frames).toEqual([{ opcode: 1, payload: Buffer.from(object) }]);
    }
  });

  test("is an event of its own in plain SSE, which is met only where the channel was keyed once", () => {
    expect(write(formats.sseFormat, { ...deletion, event: "step" })).toBe(
      'id: k3x9.42\nevent: tidings.deleted\ndata: {"key":"a\\"b"}\n\n',
    );
  });
});
