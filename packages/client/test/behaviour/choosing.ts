import { describe, expect, test } from "vitest";
import type { Tuning } from "../../src/types.ts";
import { type Bench, Scene } from "./scene.ts";

/** What a client has by itself, apart from how long it remembers a path. */
const DEFAULTS = {
  greetingMs: 3_000,
  backoffMs: 500,
  maxBackoffMs: 30_000,
  stableMs: 5_000,
  waitMs: 25_000,
  requestMs: 10_000,
} as const satisfies Partial<Tuning>;
/** Issue: behind a proxy that buffers, live within so long; behind one that swallows WebSockets. */
const BUFFERED_LIVE_MS = 10_000;
const SWALLOWED_LIVE_MS = 5_000;

/** `auto` chooses, and changes, by itself. */
export function testChoosing(bench: () => Bench): void {
  describe("auto, with the times that it has by default", () => {
    const tuning = { ...DEFAULTS, pathMemoryMs: 1_500 };

    test("begins with SSE, and moves up to a WebSocket when the client sends three times in quick succession", async () => {
      await using scene = await Scene.open(bench(), { client: { tuning } });
      expect(scene.client.liveOn).toBe("sse");
      const sinceMs = performance.now();
      for (let sent = 0; sent < 3; sent++)
        await scene.client.remote.publish(scene.channel, "message", ++scene.count);
      const atMs = await scene.client.untilLiveOn(["ws"]);
      scene.bench.recoveries.add("three sends: up to a WebSocket", "auto", atMs - sinceMs);
      await scene.publish();
      await scene.expectComplete();
    });

    test("behind a proxy that buffers it is live on long polls within 10 s, and on a stream when that is gone", async () => {
      await using scene = await Scene.open(bench(), {
        isRaw: true,
        client: { tuning },
        prepare: (proxy) => proxy.inject({ kind: "buffer" }),
      });
      const sinceMs = performance.now();
      await scene.client.untilLiveOn(["long-poll"], BUFFERED_LIVE_MS);
      await scene.recovered("begins behind a buffering proxy", sinceMs, BUFFERED_LIVE_MS);
      scene.proxy.clear();
      await scene.client.untilLiveOn(["sse", "ndjson"]);
      await scene.publish();
      await scene.expectComplete();
    });

    test("where a proxy begins to buffer, it is live on long polls within 10 s", async () => {
      await using scene = await Scene.open(bench(), { client: { tuning } });
      scene.proxy.inject({ kind: "buffer" });
      const sinceMs = performance.now();
      scene.proxy.cutAll();
      await scene.publish();
      await scene.recovered("a proxy begins to buffer", sinceMs, BUFFERED_LIVE_MS);
      await scene.client.untilLiveOn(["long-poll"]);
      await scene.expectComplete();
    });

    test("behind a proxy that swallows WebSockets it is live within 5 s, and on a WebSocket when that is gone", async () => {
      await using scene = await Scene.open(bench(), {
        isRaw: true,
        client: { tuning, lowLatency: true },
        prepare: (proxy) => proxy.inject({ kind: "swallow-upgrades" }),
      });
      await scene.recovered("begins behind swallowed WebSockets", performance.now(), SWALLOWED_LIVE_MS);
      expect(scene.client.liveOn).not.toBe("ws");
      scene.proxy.clear();
      await scene.client.untilLiveOn(["ws"]);
      await scene.publish();
      await scene.expectComplete();
    });
  });
}
