import { DEFAULT_LIMITS, type Message, type PayloadKind } from "@tidings/protocol";
import { describe, expect, test } from "vitest";
import {
  Policies,
  type Policy,
  Publisher,
  type PublisherOptions,
  type PublishMessage,
} from "../src/index.ts";
import { number, offset, openHub, PAGE, settled, text } from "./support/fixtures.ts";
import { StoreDouble } from "./support/store-double.ts";

/** As the server's, a hundredth of the size. */
const LIMITS = {
  ...DEFAULT_LIMITS,
  inlineBytes: 1_000,
  maxBase64Bytes: 5_000,
  maxMessageBytes: 10_000,
  maxArtifactBytes: 100_000,
  maxPreviewBytes: 100,
};
const encoder = new TextEncoder();

function payload(bytes: number, more: Partial<PublishMessage> = {}): PublishMessage {
  return { event: "message", kind: "bytes", data: new Uint8Array(bytes), ...more };
}

/** Text of so many bytes that begins with this character. */
function large(start: string, more: Partial<PublishMessage> = {}): PublishMessage {
  return payload(0, { kind: "text", data: encoder.encode(start.repeat(2_000)), ...more });
}

function open(policies: readonly Policy[] = [], options: PublisherOptions = {}) {
  const opened = openHub();
  const store = new StoreDouble();
  const publisher = new Publisher(opened.log, new Policies(policies, LIMITS), LIMITS, { store, ...options });
  const codeOf = async (promise: Promise<unknown>): Promise<string> =>
    promise.then(
      () => "published",
      (error: unknown) => (error as { code?: string; message: string }).code ?? (error as Error).message,
    );
  return {
    ...opened,
    store,
    publisher,
    codeOf,
    attempt: (message: PublishMessage, ephemeral = false, channel = "c") =>
      codeOf(publisher.publish(channel, [message], { ephemeral })),
    messages: async (channel = "c"): Promise<readonly Message[]> =>
      (await opened.log.read(channel, offset(0), PAGE)).messages,
    /** The first character of each message's preview, or its data where there is none. */
    order: async (channel = "c"): Promise<readonly string[]> =>
      (await opened.log.read(channel, offset(0), PAGE)).messages.map(({ artifact, data }) =>
        artifact === undefined
          ? text(data)
          : (JSON.parse(text(artifact)) as { preview: string }).preview.charAt(0),
      ),
  };
}

describe("how a payload travels", () => {
  const INLINE = "inline";
  const STORED = "stored";
  const BOTH = "both";
  test.each<[PayloadKind, number, boolean, string]>([
    ["text", 0, false, INLINE],
    ["text", 1_000, false, INLINE],
    ["text", 1_001, false, STORED],
    ["text", 1_001, true, INLINE],
    ["text", 10_000, true, INLINE],
    ["text", 10_001, true, "MESSAGE_TOO_LARGE"],
    ["text", 100_000, false, STORED],
    ["text", 100_001, false, "ARTIFACT_TOO_LARGE"],
    ["bytes", 1_000, false, INLINE],
    ["bytes", 1_001, false, STORED],
    ["bytes", 5_000, true, INLINE],
    ["bytes", 5_001, true, BOTH],
    ["bytes", 10_000, true, BOTH],
    ["bytes", 10_001, true, "MESSAGE_TOO_LARGE"],
  ])("%s of %i bytes, with inline %s: %s", async (kind, size, inline, expected) => {
    const { attempt, messages, store } = open();
    const answer = await attempt(payload(size, { kind, inline }));
    if (answer !== "published") {
      expect(answer).toBe(expected);
      expect(await messages()).toEqual([]);
      expect(store.kept.size).toBe(0);
      return;
    }
    const [message] = await messages();
    const way = message?.artifact === undefined ? INLINE : message.data.length === 0 ? STORED : BOTH;
    expect(way).toBe(expected);
    if (way !== STORED) expect(message?.data.length).toBe(size);
    if (way !== INLINE) expect(store.kept.get("p1")?.data.length).toBe(size);
  });

  test.each([
    ["up to the inline limit", 1_000, false, "published"],
    ["not above it", 1_001, false, "MESSAGE_TOO_LARGE"],
    ["above it when asked", 10_000, true, "published"],
    ["and no larger", 10_001, true, "MESSAGE_TOO_LARGE"],
  ])("an ephemeral message travels inline %s, and is never stored", async (_, size, inline, expected) => {
    const { attempt, store } = open();
    expect(await attempt(payload(size, { inline }), true)).toBe(expected);
    expect(store.kept.size).toBe(0);
  });

  test("a policy that stores nothing refuses what is too large, and says what to do", async () => {
    const { publisher, attempt } = open([{ pattern: "c", maxArtifactBytes: 0 }]);
    expect(await attempt(payload(1_000))).toBe("published");
    const refused = publisher.publish("c", [payload(1_001)]);
    await expect(refused).rejects.toMatchObject({ code: "MESSAGE_TOO_LARGE" });
    await expect(refused).rejects.toThrow(
      /limit is 1000.*maxArtifactBytes.*\?inline, up to 10000 bytes.*POST \/artifacts/,
    );
    expect(await attempt(payload(5_000, { inline: true }))).toBe("published");
    expect(await attempt(payload(5_001, { inline: true }))).toBe("MESSAGE_TOO_LARGE");
  });

  test("a publisher without a store refuses it too", async () => {
    const { log } = openHub();
    const publisher = new Publisher(log, new Policies([], LIMITS), LIMITS);
    await expect(publisher.publish("c", [payload(1_001)])).rejects.toMatchObject({
      code: "MESSAGE_TOO_LARGE",
    });
  });

  test("a policy's own limits hold", async () => {
    const { attempt, messages } = open([
      { pattern: "c", inlineBytes: 10, maxArtifactBytes: 20, maxMessageBytes: 15 },
    ]);
    expect(await attempt(payload(11))).toBe("published");
    expect((await messages())[0]?.artifact).toBeDefined();
    expect(await attempt(payload(21))).toBe("ARTIFACT_TOO_LARGE");
    expect(await attempt(payload(16, { inline: true }))).toBe("MESSAGE_TOO_LARGE");
  });
});

describe("what a message says of a stored payload", () => {
  async function artifactOf(message: PublishMessage): Promise<unknown> {
    const { publisher, messages } = open();
    await publisher.publish("c", [message]);
    return JSON.parse(text((await messages())[0]?.artifact ?? new Uint8Array(0)));
  }
  const artifact = { url: "/artifacts/p1", size: 2_000, type: "kind/text", sha256: "ab".repeat(32) };

  test("its URL, size, type and hash, and how it begins", async () => {
    expect(await artifactOf(large("a"))).toEqual({ artifact, preview: "a".repeat(98) });
  });

  test("the type that its publisher gives", async () => {
    expect(await artifactOf(large("a", { contentType: "text/csv" }))).toMatchObject({
      artifact: { type: "text/csv" },
    });
  });

  test("the preview that its publisher gives, as it was written, on one line", async () => {
    const { publisher, messages } = open();
    await publisher.publish("c", [large("a", { preview: encoder.encode('{"n":\r\n1.0e5}') })]);
    expect(text((await messages())[0]?.artifact as Uint8Array)).toBe(
      `${JSON.stringify({ artifact }).slice(0, -1)},"preview":{"n":  1.0e5}}`,
    );
  });

  test("no preview of bytes", async () => {
    expect(await artifactOf(payload(2_000))).toEqual({ artifact: { ...artifact, type: "kind/bytes" } });
  });

  test.each([
    ["not JSON", "oops"],
    ["empty", ""],
    ["too large", `"${"x".repeat(99)}"`],
  ])("a preview that is %s is refused, also where the payload travels inline", async (_, preview) => {
    const { attempt } = open();
    expect(await attempt(large("a", { preview: encoder.encode(preview) }))).toBe("PREVIEW_INVALID");
    expect(await attempt({ ...number(1), preview: encoder.encode(preview) })).toBe("PREVIEW_INVALID");
  });

  test("a preview that is not UTF-8 is refused", async () => {
    expect(await open().attempt(large("a", { preview: Uint8Array.of(0x22, 0xff, 0x22) }))).toBe(
      "PREVIEW_INVALID",
    );
  });
});

describe("a payload by reference", () => {
  test("is the artifact that was uploaded, bound to the message", async () => {
    const { publisher, messages, store } = open();
    await publisher.publish("c", [payload(0, { artifactId: "up1", preview: encoder.encode("7") })]);
    await settled();
    expect(JSON.parse(text((await messages())[0]?.artifact as Uint8Array))).toMatchObject({
      artifact: { url: "/artifacts/up1", type: "image/png" },
      preview: 7,
    });
    expect(store.bound).toEqual([{ id: "up1", channel: "c", at: { epoch: "e1", offset: 1 } }]);
  });

  test("one that is not there is refused, and nothing is appended", async () => {
    const { attempt, messages } = open();
    expect(await attempt(payload(0, { artifactId: "no" }))).toBe("ARTIFACT_UNKNOWN");
    expect(await messages()).toEqual([]);
  });

  test("stays where nothing is appended: another message may name it", async () => {
    const { publisher, store, codeOf } = open();
    const message = payload(0, { artifactId: "up1" });
    expect(await codeOf(publisher.publish("c", [message], { ifOffset: offset(9) }))).toBe("CONFLICT");
    await publisher.publish("c", [message], { idempotencyKey: "k" });
    await publisher.publish("c", [message], { idempotencyKey: "k" });
    await settled();
    expect(store.discarded).toEqual([]);
  });

  test("one that is larger than the channel's policy stores is refused", async () => {
    const { attempt } = open([
      { pattern: "c", maxArtifactBytes: 4_999 },
      { pattern: "none", maxArtifactBytes: 0 },
    ]);
    expect(await attempt(payload(0, { artifactId: "up1" }))).toBe("ARTIFACT_TOO_LARGE");
    expect(await attempt(payload(0, { artifactId: "up1" }), false, "none")).toBe("MESSAGE_TOO_LARGE");
  });

  test("may have JSON beside it, which travels with the reference on one line, and is as small as a preview", async () => {
    const { publisher, attempt, messages, store } = open();
    const beside = (json: string): PublishMessage =>
      payload(0, { kind: "json", data: encoder.encode(json), artifactId: "up1" });
    await publisher.publish("c", [beside('{"n":1.0e5,\r\n"text":"a\\nb"}')]);
    await settled();
    const [message] = await messages();
    expect(text(message?.artifact as Uint8Array)).toMatch(/,"data":\{"n":1.0e5, {2}"text":"a\\nb"\}\}$/);
    expect(text(message?.artifact as Uint8Array)).not.toContain('"preview"');
    expect(message?.data).toHaveLength(0);
    expect(store.bound).toEqual([{ id: "up1", channel: "c", at: { epoch: "e1", offset: 1 } }]);
    expect(await attempt(beside(`"${"x".repeat(98)}"`))).toBe("published");
    expect(await attempt(beside(`"${"x".repeat(99)}"`))).toBe("MESSAGE_TOO_LARGE");
    expect(await attempt({ ...beside("1"), preview: encoder.encode("1") })).toBe("REQUEST_INVALID");
    expect(await attempt({ ...beside("1"), kind: "text" })).toBe("REQUEST_INVALID");
  });

  test("cannot be ephemeral, nor have bytes beside it, nor travel inline", async () => {
    const { attempt } = open();
    expect(await attempt(payload(0, { artifactId: "up1" }), true)).toBe("REQUEST_INVALID");
    expect(await attempt(payload(1, { artifactId: "up1" }))).toBe("REQUEST_INVALID");
    expect(await attempt(payload(0, { artifactId: "up1", inline: true }))).toBe("REQUEST_INVALID");
  });
});

describe("what is stored goes with its message", () => {
  test("each is bound to the message that names it", async () => {
    const { publisher, store } = open();
    await publisher.publish("c", [large("a"), number(1), large("b")]);
    await settled();
    expect(store.bound.map(({ id, at }) => [id, at.offset])).toEqual([
      ["p1", 1],
      ["p2", 3],
    ]);
  });

  test("what a refused append stored is discarded", async () => {
    const { publisher, store, codeOf } = open();
    expect(await codeOf(publisher.publish("c", [large("a")], { ifOffset: offset(9) }))).toBe("CONFLICT");
    expect(store.discarded).toEqual(["p1"]);
  });

  test("what a repeat stored is discarded", async () => {
    const { publisher, store } = open();
    await publisher.publish("c", [large("a")], { idempotencyKey: "k" });
    expect(await publisher.publish("c", [large("a")], { idempotencyKey: "k" })).toMatchObject({
      offset: 1,
      appended: 0,
    });
    await settled();
    expect(store.discarded).toEqual(["p2"]);
    expect(store.bound.map(({ id }) => id)).toEqual(["p1"]);
  });

  test("of a batch that is repeated in part, the new ones are bound where they stand, and the others discarded", async () => {
    const { publisher, store } = open();
    await publisher.publish("c", [large("a", { idempotencyKey: "a" })]);
    await publisher.publish("c", [
      large("b", { idempotencyKey: "b" }),
      large("a", { idempotencyKey: "a" }),
      large("d", { idempotencyKey: "d" }),
      large("b", { idempotencyKey: "b" }),
    ]);
    await settled();
    expect(store.bound.map(({ id, at }) => [id, at.offset])).toEqual([
      ["p1", 1],
      ["p2", 2],
      ["p4", 3],
    ]);
    expect(store.discarded).toEqual(["p3", "p5"]);
  });

  test("where one payload of a batch cannot be stored nothing is appended, and the others are discarded", async () => {
    const { publisher, store, codeOf, messages } = open();
    const release = store.hold("b");
    const publishing = codeOf(publisher.publish("c", [large("a"), large("b"), large("d")]));
    release(new Error("the store is full"));
    expect(await publishing).toBe("the store is full");
    expect(store.discarded).toEqual(["p1", "p3"]);
    expect(await messages()).toEqual([]);
  });

  test("a binding that fails does not fail the publish, and is told", async () => {
    const faults: unknown[] = [];
    const { publisher, store } = open([], { onFault: (error) => faults.push(error) });
    store.bindFails = true;
    expect(await publisher.publish("c", [large("a")])).toMatchObject({ offset: 1 });
    await settled();
    expect(faults).toEqual([new Error("the disk is gone")]);
    expect(store.discarded).toEqual([]);
  });
});

describe("a payload that was stored for the message before", () => {
  const stored = {
    id: "s1",
    artifact: { url: "/artifacts/s1", size: 50_000, type: "text/plain", sha256: "cd" },
  };

  test("is named by it, and bound to it", async () => {
    const { publisher, store, messages } = open();
    await publisher.publish("c", [payload(0, { stored, preview: encoder.encode('"x"') })]);
    await settled();
    const said = `{"artifact":${JSON.stringify(stored.artifact)},"preview":"x"}`;
    expect(text((await messages())[0]?.artifact as Uint8Array)).toBe(said);
    expect(store.bound.map(({ id }) => id)).toEqual(["s1"]);
  });

  test.each<[string, Partial<PublishMessage>, Partial<Policy>, string]>([
    ["by its names", { event: "tidings.x" }, {}, "EVENT_NAME_INVALID"],
    ["by its policy", {}, { publish: "server" }, "PUBLISH_FORBIDDEN"],
    ["by its size", {}, { maxArtifactBytes: 49_999 }, "ARTIFACT_TOO_LARGE"],
  ])("is discarded where the publish is refused %s", async (_, more, policy, code) => {
    const { attempt, store } = open([{ pattern: "c", ...policy }]);
    expect(await attempt(payload(0, { stored, ...more }))).toBe(code);
    expect(store.discarded).toEqual(["s1"]);
  });
});

describe("the order of a channel", () => {
  test("what is published while a payload is being stored comes after it", async () => {
    const { publisher, store, order } = open();
    const release = store.hold("a");
    const all = [large("a"), number(1), large("b"), number(2)].map((message) =>
      publisher.publish("c", [message]),
    );
    await settled();
    expect(await order()).toEqual([]);
    release();
    await Promise.all(all);
    expect(await order()).toEqual(["a", "1", "b", "2"]);
  });

  test("an ephemeral message waits for its turn too", async () => {
    const { publisher, store, log } = open();
    await log.follow("c");
    const seen: number[] = [];
    log.tail(({ messages }) => seen.push(...messages.map((message) => message.offset)));
    const release = store.hold("a");
    const all = [
      publisher.publish("c", [large("a")]),
      publisher.publish("c", [number(1)], { ephemeral: true }),
      publisher.publish("c", [number(2)]),
    ];
    release();
    await Promise.all(all);
    expect(seen).toEqual([1, 0, 2]);
  });

  test("other channels do not wait", async () => {
    const { publisher, store } = open();
    const release = store.hold("a");
    const storing = publisher.publish("c", [large("a")]);
    expect(await publisher.publish("other", [number(1)])).toMatchObject({ offset: 1 });
    release();
    await storing;
  });

  test("one that fails lets the others go, and not before those ahead of it", async () => {
    const { publisher, store, order, codeOf } = open();
    const first = store.hold("a");
    const second = store.hold("b");
    const all = [large("a"), large("b"), number(1)].map((message) =>
      codeOf(publisher.publish("c", [message])),
    );
    second(new Error("no"));
    await settled();
    expect(await order()).toEqual([]);
    first();
    expect(await Promise.all(all)).toEqual(["published", "no", "published"]);
    expect(await order()).toEqual(["a", "1"]);
  });

  test("a refused publish is refused at once, and holds nobody up", async () => {
    const { publisher, store, codeOf } = open();
    const release = store.hold("a");
    const storing = publisher.publish("c", [large("a")]);
    expect(await codeOf(publisher.publish("c", []))).toBe("BODY_INVALID");
    release();
    await storing;
    expect(await publisher.publish("c", [number(1)])).toMatchObject({ offset: 2 });
  });

  test("with nothing to store the log is called before publish returns", async () => {
    const { publisher, log } = open();
    const publishing = publisher.publish("c", [number(1)]);
    const described = log.describe("c");
    expect(await described).toMatchObject({ head: 1 });
    await publishing;
  });

  test("only so many bytes may wait; above that a publish is refused, and later ones are taken again", async () => {
    const { publisher, store, codeOf, order } = open([], { maxWaitingBytes: 5_000 });
    const release = store.hold("a");
    const waiting = [large("a"), number(1)].map((message) => publisher.publish("c", [message]));
    expect(await codeOf(publisher.publish("c", [large("b")]))).toBe("RATE_LIMITED");
    expect(await codeOf(publisher.publish("other", [large("b")]))).toBe("RATE_LIMITED");
    release();
    await Promise.all(waiting);
    await publisher.publish("c", [large("b")]);
    expect(await order()).toEqual(["a", "1", "b"]);
  });
});

test("at most 64 payloads are stored at a time, and all are stored, in order", async () => {
  const { publisher, store, order } = open([{ pattern: "c", inlineBytes: 1 }]);
  const release = store.hold("0");
  const messages = Array.from({ length: 500 }, (_, n) =>
    payload(0, { kind: "text", data: encoder.encode(n < 100 ? `0${n}` : `${n % 10}${n}`) }),
  );
  const all = [
    publisher.publish("c", messages.slice(0, 300)).catch((error: unknown) => error),
    ...messages.slice(300).map((message) => publisher.publish("c", [message])),
  ];
  await settled();
  expect(store.mostAtOnce).toBe(64);
  release();
  const answers = await Promise.all(all);
  expect(answers.at(-1)).toMatchObject({ offset: 500 });
  expect(store.mostAtOnce).toBe(64);
  expect(await order()).toEqual(messages.map(({ data }) => text(data).charAt(0)));
});

describe("keyed channels", () => {
  const compact: Policy = { pattern: "keyed", compact: true };
  const deletion = (more: Partial<PublishMessage> = {}): PublishMessage =>
    payload(0, { kind: "none", key: "k", ...more });

  test("a message without a key is refused", async () => {
    const { attempt } = open([compact]);
    expect(await attempt(number(1), false, "keyed")).toBe("KEY_REQUIRED");
    expect(await attempt({ ...number(1), key: "k" }, false, "keyed")).toBe("published");
  });

  test("a deletion has a key, no payload, and is not ephemeral", async () => {
    const { attempt, messages } = open([compact]);
    expect(await attempt(deletion(), false, "keyed")).toBe("published");
    expect((await messages("keyed"))[0]).toMatchObject({ kind: "none", key: "k" });
    expect(
      await attempt({ ...deletion(), key: undefined } as unknown as PublishMessage, false, "keyed"),
    ).toBe("KEY_REQUIRED");
    expect(await attempt(deletion(), true, "keyed")).toBe("REQUEST_INVALID");
    for (const more of [{ data: new Uint8Array(1) }, { artifactId: "up1" }, { preview: encoder.encode("1") }])
      expect(await attempt(deletion(more), false, "keyed")).toBe("REQUEST_INVALID");
  });

  test("a channel without keys has none to delete", async () => {
    expect(await open().attempt(deletion())).toBe("CHANNEL_NOT_KEYED");
  });
});
