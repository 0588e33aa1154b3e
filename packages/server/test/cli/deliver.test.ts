import { type FaultProxy, faultProxy } from "@tidings/testing";
import { describe, expect, test } from "vitest";
import { encodeOutgoing } from "../../src/cli/delivery/outgoing.ts";
import { deliverAll } from "../../src/cli/delivery/deliver-all.ts";
import { Outbox } from "../../src/cli/delivery/outbox.ts";
import { openServer, type TestServer } from "../support/logs.ts";
import { messagesOf } from "./support/tidings.ts";

const line = (text: string): Buffer =>
  encodeOutgoing({ event: "stdout", kind: "text", data: Buffer.from(text) });

/** Delivers lines through a proxy as if the server had forgotten every idempotency key at once. */
function deliverAfterKeysAreForgotten(proxy: FaultProxy, lines: readonly string[]): Promise<void> {
  const outbox = new Outbox({ maxMemoryBytes: 1_000_000, whenFull: "spill" });
  for (const text of lines) outbox.push(line(text));
  outbox.close();
  return deliverAll({ url: proxy.url, token: undefined }, "a", outbox, {
    signal: new AbortController().signal,
    giveUpAfterMs: 60_000,
    safeRetryMs: 0,
  });
}

const textsOf = async (server: TestServer): Promise<readonly unknown[]> =>
  (await messagesOf(server, "a")).map(({ data }) => data);

describe("an outage longer than the server remembers idempotency keys", () => {
  test("a batch whose answer was lost is found in the channel and not sent again, whatever came after it", async () => {
    await using server = await openServer();
    await using proxy = await faultProxy(server.url);
    await server.tidings.publish("a", "before");
    const fault = proxy.inject({ kind: "lose-answer" });
    const delivered = deliverAfterKeysAreForgotten(proxy, ["one", "two", "two"]);
    await fault.struck();
    await server.tidings.publish("a", "after");
    fault.lift();
    await delivered;
    expect(await textsOf(server)).toEqual(["before", "one", "two", "two", "after"]);
  });

  test("a batch that did not arrive is not found and sent, though others' lines look like a part of it", async () => {
    await using server = await openServer();
    await using proxy = await faultProxy(server.url);
    for (const text of ["one", "one", "two"]) await server.tidings.publish("a", text, { event: "stdout" });
    const fault = proxy.inject({ kind: "cut", how: "reset" });
    const delivered = deliverAfterKeysAreForgotten(proxy, ["one", "two", "three"]);
    await fault.struck();
    fault.lift();
    await delivered;
    expect(await textsOf(server)).toEqual(["one", "one", "two", "one", "two", "three"]);
  });

  test("a log that was reset holds nothing of it, so it is sent", async () => {
    await using server = await openServer({ log: "memory" });
    await using proxy = await faultProxy(server.url);
    const fault = proxy.inject({ kind: "lose-answer" });
    const delivered = deliverAfterKeysAreForgotten(proxy, ["one", "two"]);
    await fault.struck();
    await server.restart();
    fault.lift();
    await delivered;
    expect(await textsOf(server)).toEqual(["one", "two"]);
  });
});
