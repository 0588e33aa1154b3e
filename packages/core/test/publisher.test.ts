import { DEFAULT_LIMITS, type NewMessage } from "@tidings/protocol";
import { describe, expect, test } from "vitest";
import { Policies, type Policy, Publisher, type PublishOptions } from "../src/index.ts";
import { number, offset, openHub, sized } from "./support/fixtures.ts";

const LIMITS = { ...DEFAULT_LIMITS, maxMessageBytes: 1_000, maxBatchMessages: 3 };

function open(policies: readonly Policy[] = []): ReturnType<typeof openHub> & {
  readonly publisher: Publisher;
  /** The code that a publish is refused with, or how many messages were appended. */
  readonly attempt: (
    channel: string,
    batch: readonly NewMessage[],
    options?: PublishOptions,
  ) => Promise<string | number | undefined>;
} {
  const opened = openHub();
  const publisher = new Publisher(opened.log, new Policies(policies, LIMITS), LIMITS);
  return {
    ...opened,
    publisher,
    attempt: (channel, batch, options) =>
      publisher.publish(channel, batch, options).then(
        (appended) => appended?.appended,
        (error: unknown) => (error as { code: string }).code,
      ),
  };
}

test("what is published is counted with its bytes, and told to who looks on; a repeat is not", async () => {
  const told: unknown[] = [];
  const { log } = openHub();
  const watch = { asked: () => 7, published: (...all: unknown[]) => void told.push(all) };
  const publisher = new Publisher(log, new Policies([], LIMITS), LIMITS, { watch });
  await publisher.publish("a", [sized(10), sized(20)], { idempotencyKey: "once" });
  await publisher.publish("a", [sized(10), sized(20)], { idempotencyKey: "once" });
  await publisher.publish("b", [sized(5)], { ephemeral: true });
  expect([publisher.published, publisher.publishedBytes]).toEqual([3, 35]);
  expect(told).toEqual([
    ["a", 2, 30, 7, { epoch: "e1", offset: 2, appended: 2 }],
    ["b", 1, 5, 7, undefined],
  ]);
});

describe("what may be published", () => {
  test("a channel's name is checked", async () => {
    expect(await open().attempt("a//b", [number(1)])).toBe("CHANNEL_NAME_INVALID");
  });

  test("the system's channels are open to the server alone", async () => {
    const { attempt } = open();
    expect(await attempt("$sys", [number(1)])).toBe("CHANNEL_RESERVED");
    expect(await attempt("$sys", [number(1)], { ephemeral: true })).toBe("CHANNEL_RESERVED");
    expect(await attempt("$sys", [number(1)], { isServer: true })).toBe(1);
  });

  test("a channel whose policy says so is open to the server alone", async () => {
    const { attempt } = open([{ pattern: "news/*", publish: "server" }]);
    expect(await attempt("news/1", [number(1)])).toBe("PUBLISH_FORBIDDEN");
    expect(await attempt("news/1", [number(1)], { isServer: true })).toBe(1);
    expect(await attempt("other", [number(1)])).toBe(1);
  });

  test("a channel for ephemeral messages takes no others, from the server neither", async () => {
    const { attempt } = open([{ pattern: "typing/*", ephemeralOnly: true }]);
    expect(await attempt("typing/1", [number(1)])).toBe("PUBLISH_FORBIDDEN");
    expect(await attempt("typing/1", [number(1)], { isServer: true })).toBe("PUBLISH_FORBIDDEN");
    expect(await attempt("typing/1", [number(1)], { ephemeral: true })).toBeUndefined();
  });

  test("a batch has one message or more, up to its limit", async () => {
    const { attempt } = open();
    expect(await attempt("c", [])).toBe("BODY_INVALID");
    expect(
      await attempt(
        "c",
        [1, 2, 3].map((value) => number(value)),
      ),
    ).toBe(3);
    expect(
      await attempt(
        "c",
        [1, 2, 3, 4].map((value) => number(value)),
      ),
    ).toBe("BATCH_TOO_LARGE");
  });

  test("each message of a batch may have as many bytes as the limit, and no more", async () => {
    const { attempt } = open();
    expect(await attempt("c", [sized(1_000), sized(1_000)])).toBe(2);
    expect(await attempt("c", [sized(1_000), sized(1_001)])).toBe("MESSAGE_TOO_LARGE");
  });

  test("a policy's limit holds where it is lower", async () => {
    const { attempt } = open([{ pattern: "small", maxMessageBytes: 10 }]);
    expect(await attempt("small", [sized(10)])).toBe(1);
    expect(await attempt("small", [sized(11)], { ephemeral: true })).toBe("MESSAGE_TOO_LARGE");
  });

  test.each([
    ["an event", { event: "a\nb" }, "EVENT_NAME_INVALID"],
    ["an event of the system", { event: "tidings.gap" }, "EVENT_NAME_INVALID"],
    ["a key", { key: "" }, "KEY_INVALID"],
    ["an idempotency key", { idempotencyKey: "a\u0000" }, "KEY_INVALID"],
  ])("%s that is not valid is refused, with nothing of the batch appended", async (_, bad, code) => {
    const { attempt, log } = open();
    expect(await attempt("c", [number(1), { ...number(2), ...bad }])).toBe(code);
    expect(await log.describe("c")).toMatchObject({ head: 0 });
  });

  test("the idempotency key of a whole batch is checked too", async () => {
    expect(await open().attempt("c", [number(1)], { idempotencyKey: "" })).toBe("KEY_INVALID");
  });
});

describe("what a publish answers", () => {
  test("where the last message of the batch stands", async () => {
    const { publisher } = open();
    expect(await publisher.publish("c", [number(1), number(2)])).toEqual({
      epoch: "e1",
      offset: 2,
      appended: 2,
    });
  });

  test("what the log says of conditions and repeats", async () => {
    const { publisher, attempt } = open();
    await publisher.publish("c", [number(1)], { idempotencyKey: "k" });
    expect(await publisher.publish("c", [number(1)], { idempotencyKey: "k" })).toEqual({
      epoch: "e1",
      offset: 1,
      appended: 0,
    });
    expect(await attempt("c", [number(2)], { ifOffset: offset(0) })).toBe("CONFLICT");
    expect(await attempt("c", [number(2)], { ifOffset: offset(1), ifEpoch: "e0" })).toBe("CONFLICT");
    expect(await attempt("c", [number(2)], { ifOffset: offset(1), ifEpoch: "e1" })).toBe(1);
  });

  test("nothing for ephemeral messages, which the log does not keep", async () => {
    const { publisher, log } = open();
    expect(await publisher.publish("c", [number(1)], { ephemeral: true })).toBeUndefined();
    expect(await log.describe("c")).toMatchObject({ head: 0, messages: 0 });
  });

  test("published counts what was appended or passed on, and no repeats or refusals", async () => {
    const { publisher, attempt } = open();
    await attempt("c", [number(1), number(2)], { idempotencyKey: "k" });
    await attempt("c", [number(1), number(2)], { idempotencyKey: "k" });
    await attempt("c", [number(3)], { ephemeral: true });
    await attempt("c", []);
    expect(publisher.published).toBe(3);
  });
});
