import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { type Bench, Scene, type SceneOptions } from "./scene.ts";

/** What the server tells of itself all the time while something happens comes so often, in milliseconds. */
const PUBLISH_MS = 20;

/** Publishes all the time while something happens. */
async function during(scene: Scene, happens: () => Promise<unknown>): Promise<void> {
  let isOver = false;
  const publishing = (async () => {
    while (!isOver) {
      await scene.publish(1);
      await pause(PUBLISH_MS);
    }
  })();
  try {
    await happens();
  } finally {
    isOver = true;
    await publishing;
  }
}

async function burst({ client }: Scene): Promise<void> {
  for (let sent = 0; sent < 3; sent++) await client.remote.publish("other", "message", sent);
}

/** `auto` moves to a WebSocket for what is interactive, and back after it. */
export function testInteractive(bench: () => Bench): void {
  describe("auto, held interactive", () => {
    const open = async (options?: SceneOptions): Promise<Scene> => Scene.open(bench(), options);

    test("moves to a WebSocket at once, and back when it is given back; all is seen once and in order", async () => {
      await using scene = await open();
      const { client } = scene;
      expect(client.liveOn).toBe("sse");
      await during(scene, async () => {
        for (let round = 0; round < 2; round++) {
          await client.remote.hold();
          await client.untilLiveOn(["ws"]);
          await client.remote.release();
          await client.untilLiveOn(["sse"]);
        }
      });
      await scene.expectComplete();
      // The old ones linger, and are gone then.
      await scene.server.holds(1);
    });

    test("twice, it stays until both are given back", async () => {
      await using scene = await open();
      const { client } = scene;
      await client.remote.hold();
      await client.remote.hold();
      await client.untilLiveOn(["ws"]);
      await client.remote.release();
      await client.remote.reconnect();
      await client.untilLiveOn(["ws"]);
      await client.remote.release();
      await client.untilLiveOn(["sse"]);
      await scene.expectComplete();
    });

    test("behind a proxy that swallows WebSockets it stays as it is, and moves when that is gone", async () => {
      await using scene = await open({
        prepare: (proxy) => proxy.inject({ kind: "swallow-upgrades" }),
      });
      const { client, proxy } = scene;
      const swallowed = proxy.struck();
      await client.remote.hold();
      await during(scene, async () => swallowed);
      expect(client.liveOn).toBe("sse");
      proxy.clear();
      await client.untilLiveOn(["ws"]);
      await client.remote.release();
      await client.untilLiveOn(["sse"]);
      await scene.expectComplete();
    });

    test("given back while it still moves, it stays as it is, and the WebSocket is let go", async () => {
      await using scene = await open({
        client: { tuning: { greetingMs: 20_000 } },
        prepare: (proxy) => proxy.inject({ kind: "swallow-upgrades" }),
      });
      const { client, proxy } = scene;
      const swallowed = proxy.struck();
      await client.remote.hold();
      await swallowed;
      await client.remote.release();
      await scene.server.holds(1);
      proxy.clear();
      expect(
        client
          .all("state")
          .filter(({ state }) => state.name === "live")
          .map(({ state }) => state.transport),
      ).not.toContain("ws");
      await scene.expectComplete();
    });

    test("over a lost connection it comes back on a WebSocket", async () => {
      await using scene = await open();
      const { client } = scene;
      await client.remote.hold();
      await client.untilLiveOn(["ws"]);
      await during(scene, async () => {
        const seen = client.all("state").length;
        const isBack = (): boolean => client.all("state").length > seen && client.liveOn !== undefined;
        scene.proxy.cutAll();
        await client.until("it is live again", isBack);
        await client.remote.reconnect();
        await client.untilLiveOn(["ws"]);
      });
      await client.remote.release();
      await client.untilLiveOn(["sse"]);
      await scene.expectComplete();
    });
  });

  test("auto goes back by itself once it was calm for so long after a burst, and up again with the next", async () => {
    await using scene = await Scene.open(bench(), { client: { tuning: { calmMs: 300 } } });
    const { client } = scene;
    await during(scene, async () => {
      for (let round = 0; round < 2; round++) {
        await burst(scene);
        await client.untilLiveOn(["ws"]);
        await client.untilLiveOn(["sse"]);
      }
    });
    await scene.expectComplete();
  });

  test("auto that reads nothing lets its WebSocket go once it was calm, or given back", async () => {
    await using scene = await Scene.open(bench(), { client: { tuning: { burstMs: 60_000, calmMs: 1_500 } } });
    const { client } = scene;
    await client.remote.unread(scene.channel);
    await client.until("it is idle", () => client.state.name === "idle");
    await burst(scene);
    await client.untilLiveOn(["ws"]);
    await client.until("it is idle", () => client.state.name === "idle");
    await client.remote.hold();
    await client.untilLiveOn(["ws"]);
    await client.remote.release();
    await client.until("it is idle", () => client.state.name === "idle");
    await scene.server.holds(0);
  });
}
