import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ClientFrameError, parseClientFrame } from "../src/client-frame.ts";
import type { ClientFrame, PublishFrame } from "../src/frames.ts";
import { hostileText, jsonText, oneOf } from "./arbitraries.ts";

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
const parse = (frame: object): ClientFrame => parseClientFrame(JSON.stringify(frame));
const publish = (members: object): PublishFrame =>
  parse({ type: "publish", id: "1", channel: "c", ...members }) as PublishFrame;

function refusal(text: string | object): ClientFrameError {
  try {
    parseClientFrame(typeof text === "string" ? text : JSON.stringify(text));
  } catch (error) {
    if (error instanceof ClientFrameError) return error;
    throw error;
  }
  throw new Error("the frame was accepted");
}

/** A frame of each type with all that it may have, and what of it must be there. */
const FRAMES: readonly {
  readonly frame: Readonly<Record<string, unknown>>;
  readonly required: readonly string[];
}[] = [
  { frame: { type: "hello", token: "t", binary: true }, required: [] },
  {
    frame: { type: "subscribe", id: "1", channel: "c", since: "e.1", events: ["a"], gap: "fail" },
    required: ["id", "channel"],
  },
  {
    frame: { type: "subscribe", id: "1", channel: "c", last: 10, gap: "continue" },
    required: ["id", "channel"],
  },
  { frame: { type: "unsubscribe", id: "1", channel: "c" }, required: ["id", "channel"] },
  {
    frame: { type: "command", id: "1", name: "n" },
    required: ["id", "name"],
  },
  { frame: { type: "cancel", id: "1" }, required: ["id"] },
  {
    frame: { type: "subscribe", id: "1", channel: "c", presence: true },
    required: ["id", "channel"],
  },
  {
    frame: { type: "leave", id: "1", channel: "c" },
    required: ["id", "channel"],
  },
  { frame: { type: "token", id: "1", token: "t" }, required: ["id", "token"] },
  { frame: { type: "ping", id: "1" }, required: [] },
];

const PUBLISH = {
  ...{ type: "publish", id: "1", channel: "c", event: "e", data: "d", key: "k", contentType: "text/plain" },
  ...{ idempotencyKey: "i", ephemeral: false, ifOffset: 0 },
};

describe.each(FRAMES)("the frame $frame", ({ frame, required }) => {
  test("is taken as it is", () => {
    expect(parse(frame)).toEqual(frame);
  });

  test.each(Object.keys(frame).filter((name) => name !== "type"))("may lack %s, or must have it", (name) => {
    const { [name]: _, ...rest } = frame;
    if (required.includes(name)) {
      expect(refusal(rest)).toMatchObject({ code: "FRAME_INVALID", details: { field: name } });
    } else {
      expect(parse(rest)).toEqual(rest);
    }
  });

  test.each(Object.keys(frame).filter((name) => name !== "data"))(
    "does not take %s of another type",
    (name) => {
      const isFlag = typeof frame[name] === "boolean";
      for (const value of [
        null,
        7.5,
        -1,
        [],
        {},
        "",
        [1],
        { length: 1 },
        ...(isFlag ? ["true", 1] : [true]),
      ]) {
        // An empty string is no id and no choice, but a token or a channel's name is checked where it is used.
        if (value === "" && ["channel", "name", "token", "since"].includes(name)) continue;
        expect(refusal({ ...frame, [name]: value }).details, JSON.stringify(value)).toEqual({ field: name });
      }
    },
  );

  test.each(["extra", "Id", "id ", "kind", "constructor", "toString", "hasOwnProperty", ""])(
    "does not take a member %j that it does not know",
    (name) => {
      const error = refusal({ ...frame, [name]: "x" });
      expect(error.details).toEqual({ field: name });
      expect(error.message).toContain("it can have");
    },
  );

  test("does not take __proto__ as a member", () => {
    const error = refusal(JSON.stringify(frame).replace("{", '{"__proto__":{"id":"1"},'));
    expect(error.details).toEqual({ field: "__proto__" });
  });
});

describe.each(["join", "update"])("the frame %s", (type) => {
  test.each(["1", "null", '{ "n" : 12345678901234567890.10 }', '"a"'])(
    "has the state %s as it stood",
    (state) => {
      const frame = parseClientFrame(`{"type":"${type}","id":"1","channel":"c", "state": ${state} }`);
      expect(frame).toEqual({ type, id: "1", channel: "c", state });
    },
  );

  test.each(["id", "channel", ...(type === "update" ? ["state"] : [])])("must have %s", (name) => {
    const { [name]: _, ...rest } = { type, id: "1", channel: "c", state: 1 } as Record<string, unknown>;
    expect(refusal(rest).details).toEqual({ field: name });
  });

  test.each([
    ["channel", 1],
    ["id", ""],
    ["states", 1],
    ["member", type === "join" ? 7 : "m"],
  ])("does not take %s: %j", (name, value) => {
    expect(refusal({ type, id: "1", channel: "c", state: 1, [name]: value }).details).toEqual({
      field: name,
    });
  });
});

describe("a publish frame", () => {
  test("with every member is taken, its data as bytes", () => {
    const { contentType: _, ...rest } = PUBLISH;
    expect(parse(PUBLISH)).toEqual({ ...rest, kind: "text", data: bytes("d") });
  });

  test.each(["id", "channel", "data"])("must have %s", (name) => {
    expect(refusal({ ...PUBLISH, [name]: undefined }).details).toEqual({ field: name });
  });

  test.each(["event", "key", "contentType", "idempotencyKey", "ephemeral", "ifOffset"])(
    "may lack %s",
    (name) => {
      expect(parse({ ...PUBLISH, [name]: undefined })).not.toHaveProperty(name);
    },
  );

  test.each([
    ["event", null],
    ["event", 1],
    ["key", {}],
    ["contentType", "text/html"],
    ["contentType", null],
    ["encoding", "binary"],
    ["encoding", null],
    ["idempotencyKey", 7],
    ["ephemeral", 1],
    ["ephemeral", null],
    ["ifOffset", "1"],
    ["ifOffset", -1],
    ["ifOffset", 1.5],
    ["ifOffset", 2 ** 53],
    ["kind", "json"],
    ["type", "Publish"],
  ])("does not take %s: %j", (name, value) => {
    expect(refusal({ type: "publish", id: "1", channel: "c", data: 1, [name]: value }).details).toEqual({
      field: name,
    });
  });

  test.each([
    "1",
    "null",
    "false",
    '""',
    "12345678901234567890.10",
    '{ "b" : 1,\r\n "a" : 1e400 }',
    '"\\ud800"',
  ])("passes the JSON %s on as it stood", (data) => {
    const frame = parseClientFrame(`{"data": ${data} ,"type":"publish","id":"1","channel":"c"}`);
    expect(frame).toEqual({ type: "publish", id: "1", channel: "c", kind: "json", data: bytes(data) });
  });

  test("takes the last of several data members, as JSON.parse does, however it is spelt", () => {
    const frame = parseClientFrame('{"type":"publish","data":1,"id":"1","channel":"c","d\\u0061ta":[2]}');
    expect((frame as PublishFrame).data).toEqual(bytes("[2]"));
  });

  test("passes any JSON on, byte for byte", () => {
    fc.assert(
      fc.property(jsonText, (text) => {
        const frame = parseClientFrame(`{"type":"publish","id":"1","channel":"c","data":${text}}`);
        expect(Buffer.from((frame as PublishFrame).data).toString()).toBe(text);
      }),
    );
  });

  test("takes text as UTF-8, any Unicode scalar and none", () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const frame = publish({ contentType: "text/plain", data: text });
        expect(frame).toMatchObject({ kind: "text", data: bytes(text) });
        expect(frame).not.toHaveProperty("contentType");
      }),
    );
  });

  test("does not take half a surrogate pair as text, which would change on its way", () => {
    const error = refusal({
      type: "publish",
      id: "1",
      channel: "c",
      contentType: "text/plain",
      data: "a\ud800",
    });
    expect(error.details).toEqual({ field: "data" });
  });

  test("takes bytes as base64, and none", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (data) => {
        const frame = publish({ encoding: "base64", data: Buffer.from(data).toString("base64") });
        expect(frame).toMatchObject({ kind: "bytes", data });
        expect(frame).not.toHaveProperty("encoding");
      }),
    );
  });

  test.each(["Zg", "====", "Z g=", "-_-_", 1, null, [], {}])("does not take %j as base64", (data) => {
    const error = refusal({ type: "publish", id: "1", channel: "c", encoding: "base64", data });
    expect(error).toMatchObject({ id: "1", details: { field: "data" } });
  });

  test.each([1, null, true, [], {}])("does not take %j as text", (data) => {
    const error = refusal({ type: "publish", id: "1", channel: "c", contentType: "text/plain", data });
    expect(error.details).toEqual({ field: "data" });
  });

  test("is text or bytes, not both", () => {
    const both = { contentType: "text/plain", encoding: "base64", data: "" };
    expect(refusal({ type: "publish", id: "1", channel: "c", ...both }).details).toEqual({
      field: "encoding",
    });
  });
});

describe("a subscribe frame", () => {
  const subscribe = { type: "subscribe", id: "1", channel: "c" };

  test("takes since or last, not both", () => {
    expect(refusal({ ...subscribe, since: "latest", last: 1 }).details).toEqual({ field: "last" });
  });

  test.each([0, 1, Number.MAX_SAFE_INTEGER])("takes %d as last", (last) => {
    expect(parse({ ...subscribe, last })).toEqual({ ...subscribe, last });
  });

  test.each(["-1", "1.5", "9007199254740992", "1e999", '"1"', "null", "true"])(
    "does not take %s as last",
    (last) => {
      expect(refusal(`{"type":"subscribe","id":"1","channel":"c","last":${last}}`).details).toEqual({
        field: "last",
      });
    },
  );

  test.each([[[]], [[1]], [["a", null]], ["a"], [{}], [null]])("does not take %j as events", (events) => {
    expect(refusal({ ...subscribe, events }).details).toEqual({ field: "events" });
  });

  test.each(["stop", "", "Fail"])("does not take %j as gap", (gap) => {
    expect(refusal({ ...subscribe, gap }).details).toEqual({ field: "gap" });
  });
});

describe("the id of a frame", () => {
  test("has 1 to 128 bytes of UTF-8", () => {
    expect(parse({ type: "ping", id: "é".repeat(64) })).toEqual({ type: "ping", id: "é".repeat(64) });
    for (const id of ["", "x".repeat(129), "é".repeat(65)]) {
      expect(refusal({ type: "ping", id })).toMatchObject({ id: undefined, details: { field: "id" } });
    }
  });

  test("is told by the error, so that the answer finds its request", () => {
    expect(refusal({ type: "nonsense", id: "42" }).id).toBe("42");
    expect(refusal({ type: "token", id: "42", extra: 1 }).id).toBe("42");
    expect(refusal({ type: "token", id: 42 }).id).toBeUndefined();
    expect(refusal({ type: "token" }).id).toBeUndefined();
  });
});

describe("what is not a frame", () => {
  test.each(["", " ", "{", "nonsense", "{'type':'ping'}", '{"type":"ping"}{', "\ufeff{}", "\0"])(
    "%j is refused as no JSON, with the cause",
    (text) => {
      const error = refusal(text);
      expect(error.message).toContain("not JSON");
      expect(error.cause).toBeInstanceOf(SyntaxError);
    },
  );

  test.each(["null", "1", '"ping"', "true", "[]", '[{"type":"ping"}]'])(
    "%s is refused as no object",
    (text) => {
      expect(refusal(text).message).toContain("one JSON object a frame");
    },
  );

  test.each([
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
    "Ping",
    "",
    " ping",
    "message",
    "welcome",
  ])("an object of type %j is refused, with the types that there are", (type) => {
    const error = refusal({ type });
    expect(error.details).toEqual({ field: "type" });
    expect(error.message).toContain(
      "hello, subscribe, unsubscribe, publish, command, cancel, join, update, leave, token, ping",
    );
  });

  test.each(["null", "1", '["ping"]', '{"a":1}', "true"])("an object of type %s is refused", (type) => {
    expect(refusal(`{"type":${type}}`).details).toEqual({ field: "type" });
  });

  test("an object without a type is refused, also when its prototype would have one", () => {
    expect(refusal("{}").details).toEqual({ field: "type" });
    expect(refusal('{"__proto__":{"type":"ping"}}').details).toEqual({ field: "type" });
  });

  test("an error stays short however long the frame's names and values are", () => {
    const long = "\u0001".repeat(100_000);
    for (const frame of [{ type: long }, { type: "ping", [long]: 1 }, { type: "subscribe", gap: long }]) {
      const error = refusal({ id: "1", channel: "c", ...frame });
      expect(error.message.length).toBeLessThan(1_000);
      expect(error.details.field?.length ?? 0).toBeLessThan(100);
    }
    expect(refusal(`{"type":${long}`).message.length).toBeLessThan(1_000);
  });
});

describe("whatever a client sends", () => {
  /** Nothing but a frame or a `ClientFrameError`. */
  const isHandled = (text: string): void => {
    try {
      parseClientFrame(text);
    } catch (error) {
      expect(error).toBeInstanceOf(ClientFrameError);
      expect(error).toMatchObject({ code: "FRAME_INVALID", retryable: false });
    }
  };

  test("random text is a frame or is refused", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), isHandled));
    fc.assert(fc.property(fc.string({ unit: oneOf('{}[]",:\\ptye1') }), isHandled));
  });

  test("random JSON is a frame or is refused", () => {
    fc.assert(fc.property(jsonText, isHandled));
  });

  test("random members under the known names are a frame or are refused", () => {
    const names = [
      ...Object.keys(PUBLISH),
      "name",
      "token",
      "binary",
      "since",
      "last",
      "events",
      "gap",
      "encoding",
    ];
    const value = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom("text/plain", "base64", "fail", "Zg==", 0, true, ["a"]),
    );
    const type = fc.constantFrom(...FRAMES.map(({ frame }) => frame["type"]), "publish");
    const frame = fc
      .tuple(type, fc.dictionary(fc.constantFrom(...names), value))
      .map(([of, members]) => ({ ...members, type: of }));
    fc.assert(
      fc.property(frame, (members) => isHandled(JSON.stringify(members))),
      { numRuns: 2_000 },
    );
  });

  test("nesting without end and huge frames are a frame or are refused", () => {
    const deep = "[".repeat(500_000) + "]".repeat(500_000);
    isHandled(deep);
    isHandled("[".repeat(1_000_000));
    isHandled(`{"type":${deep}}`);
    isHandled(`${'{"type":'.repeat(100_000)}1${"}".repeat(100_000)}`);
    isHandled(JSON.stringify({ type: "subscribe", events: Array(100_000).fill("") }));
    const frame = parseClientFrame(`{"type":"publish","id":"1","channel":"c","data":${deep}}`);
    expect((frame as PublishFrame).data).toHaveLength(1_000_000);
  });
});

describe("a publish whose payload is not in it, or may be stored", () => {
  test("says how it wants to travel, and what to show instead", () => {
    const frame = parseClientFrame(
      '{"type":"publish","id":"1","channel":"c","data":1.0e5,"inline":true,"preview":{"n": 1.0e5}}',
    );
    expect(frame).toMatchObject({
      kind: "json",
      data: bytes("1.0e5"),
      inline: true,
      preview: bytes('{"n": 1.0e5}'),
    });
    expect(publish({ data: 1, preview: null })).toMatchObject({ preview: bytes("null") });
  });

  test("may name an artifact instead of data", () => {
    expect(publish({ artifact: "a1", event: "e", preview: "x" })).toEqual({
      ...{ type: "publish", id: "1", channel: "c", event: "e", kind: "bytes", data: new Uint8Array(0) },
      ...{ artifact: "a1", preview: bytes('"x"') },
    });
  });

  test("may say something beside the artifact, as it stood in the frame", () => {
    const frame = parseClientFrame(
      '{"type":"publish","id":"1","channel":"c","artifact":"a1","data":{"n": 1.0e5}}',
    );
    expect(frame).toMatchObject({ artifact: "a1", kind: "json", data: bytes('{"n": 1.0e5}') });
  });

  test("may delete its key instead", () => {
    expect(publish({ deleted: true, key: "k", idempotencyKey: "i", ifOffset: 3 })).toEqual({
      ...{ type: "publish", id: "1", channel: "c", kind: "none", data: new Uint8Array(0) },
      ...{ key: "k", idempotencyKey: "i", ifOffset: 3 },
    });
    expect(publish({ deleted: false, data: 1 })).toMatchObject({ kind: "json" });
  });

  test.each([
    ["artifact", { artifact: "a1", contentType: "text/plain" }, "contentType"],
    ["artifact", { artifact: "a1", inline: true }, "inline"],
    ["deleted", { deleted: true, data: null }, "data"],
    ["deleted", { deleted: true, encoding: "base64" }, "encoding"],
    ["deleted", { deleted: true, preview: 1 }, "preview"],
    ["both", { deleted: true, artifact: "a1" }, "artifact"],
    ["neither", { deleted: false }, "data"],
    ["another type", { data: 1, inline: "true" }, "inline"],
    ["another type", { deleted: 1 }, "deleted"],
    ["another type", { artifact: 7 }, "artifact"],
  ])("with %s is not taken with more, or less: %j", (_, members, field) => {
    const frame = { type: "publish", id: "1", channel: "c", ...members };
    expect(refusal(frame)).toMatchObject({ code: "FRAME_INVALID", details: { field } });
  });
});
