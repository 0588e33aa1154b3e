import { describe, expect, test } from "vitest";
import { connect } from "../src/index.ts";
import type { TransportName } from "../src/types.ts";
import { openServer } from "./support/server.ts";

const TRANSPORTS: readonly TransportName[] = ["sse", "ndjson", "ws", "long-poll", "poll"];

describe.each(TRANSPORTS)("what one turn asks of a live connection (%s)", (transport) => {
  test("two handles of one channel with different events both read: one asking is sent, and one answered", async () => {
    await using server = await openServer();
    const tidings = connect(server.url, { transport, tuning: { pollMs: 20 } });
    try {
      const live = Promise.withResolvers<void>();
      tidings.channel("other").on("caught-up", () => live.resolve());
      await live.promise;
      const got = new Map<string, unknown>();
      const done = Promise.withResolvers<void>();
      const begun = Promise.withResolvers<void>();
      for (const event of ["x", "y"]) {
        const channel = tidings.channel("a", { events: [event] });
        channel.on("caught-up", () => begun.resolve());
        channel.on(event, (data) => {
          got.set(event, data);
          if (got.size === 2) done.resolve();
        });
      }
      await begun.promise;
      for (const event of ["x", "y"]) await server.tidings.publish("a", `of ${event}`, { event });
      await done.promise;
      expect(Object.fromEntries(got)).toEqual({ x: "of x", y: "of y" });
    } finally {
      tidings.close();
    }
  });

  test("a channel that is left and read again in the same turn is read", async () => {
    await using server = await openServer();
    const tidings = connect(server.url, { transport, tuning: { pollMs: 20 } });
    try {
      const live = Promise.withResolvers<void>();
      const first = tidings.channel("a");
      first.on("caught-up", () => live.resolve());
      await live.promise;
      first.close();
      const got = Promise.withResolvers<unknown>();
      const begun = Promise.withResolvers<void>();
      const second = tidings.channel("a");
      second.on("x", (data) => got.resolve(data));
      second.on("caught-up", () => begun.resolve());
      await begun.promise;
      await server.tidings.publish("a", 1, { event: "x" });
      expect(await got.promise).toBe(1);
    } finally {
      tidings.close();
    }
  });

  test.each([
    ["in the same turn", 0],
    ["in one that follows", 1],
    ["a few turns later", 10],
  ])("a reader of the oldest and one of what comes, %s, begin each where it should", async (_name, turns) => {
    await using server = await openServer();
    const tidings = connect(server.url, { transport, tuning: { pollMs: 20 } });
    try {
      for (const number of [1, 2, 3]) await server.tidings.publish("a", number);
      const live = Promise.withResolvers<void>();
      tidings.channel("other").on("caught-up", () => live.resolve());
      await live.promise;
      const oldest = tidings.channel("a").messages({ since: "earliest" });
      const first = oldest.next();
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      const coming = tidings.channel("a").items({ since: "latest" });
      expect(await first).toMatchObject({ value: { data: 1 } });
      expect(await oldest.next()).toMatchObject({ value: { data: 2 } });
      expect(await oldest.next()).toMatchObject({ value: { data: 3 } });
      expect(await coming.next()).toMatchObject({ value: { type: "caught-up" } });
      await server.tidings.publish("a", 4);
      expect(await oldest.next()).toMatchObject({ value: { data: 4 } });
      expect(await coming.next()).toMatchObject({ value: { data: 4 } });
    } finally {
      tidings.close();
    }
  });
});
