import { ServerProcess } from "@tidings/testing";
import { expect, test } from "vitest";
import { ABILITIES, type Pin } from "./abilities.ts";
import { type Bench, isReading, Scene } from "./scene.ts";
import { QUICK_CONFIG } from "./test-server.ts";

/** What the server does, and says. */
/** An answer that comes late is not to be taken for a path that holds streams back, which `auto` would leave. */
const PATIENT = { greetingMs: 10_000, requestMs: 10_000 } as const;

export function testServers(bench: () => Bench, pin: Pin): void {
  test("the server is killed, and comes back with its log", async () => {
    await using server = await ServerProcess.create(QUICK_CONFIG);
    await server.start();
    await using scene = await Scene.open(bench(), { server });
    await scene.publish();
    await server.kill();
    await server.start();
    const sinceMs = performance.now();
    await scene.publish();
    await scene.recovered("the server is killed (back)", sinceMs);
    await scene.expectComplete();
  });

  test("the server drains, and comes back with its log", async () => {
    await using scene = await Scene.open(bench(), { isDurable: true });
    await scene.publish();
    await scene.server.drainAndRestart();
    const sinceMs = performance.now();
    await scene.publish();
    await scene.recovered("the server drains (back)", sinceMs);
    await scene.expectComplete();
  });

  test.skipIf(!ABILITIES[pin].sendsHeaders)(
    "401: the application is asked once for another token, and reading goes on",
    async () => {
      const tokens = new Set(["first"]);
      await using scene = await Scene.open(bench(), {
        client: { tokens: ["first", "second"], tuning: PATIENT },
        prepare: (proxy) => proxy.inject({ kind: "require-token", tokens }, { only: isReading }),
      });
      tokens.clear();
      tokens.add("second");
      const sinceMs = performance.now();
      scene.proxy.cutAll();
      await scene.publish();
      await scene.recovered("401, and another token", sinceMs);
      expect(scene.client.all("token").map(({ token }) => token)).toEqual(["first", "second"]);
      await scene.expectComplete();
    },
  );

  test.skipIf(!ABILITIES[pin].sendsHeaders)(
    "401 with the other token too: the application is not asked again and again",
    async () => {
      await using scene = await Scene.open(bench(), {
        isRaw: true,
        client: { tokens: ["first", "second"], tuning: PATIENT },
        prepare: (proxy) => proxy.inject({ kind: "require-token", tokens: new Set() }, { only: isReading }),
      });
      await scene.client.until("the client is closed", () => scene.client.state.name === "closed");
      expect(scene.client.state.reason?.code).toBe("UNAUTHENTICATED");
      // Once for each request that was refused, of which there may be two at a time.
      expect(scene.client.all("token").length).toBeLessThanOrEqual(4);
    },
  );

  test("what the client sends is appended once, though answers are lost, and it reads it itself", async () => {
    await using scene = await Scene.open(bench());
    const { client, proxy, channel } = scene;
    proxy.inject(
      { kind: "lose-answer" },
      { only: ({ method, path }) => method === "POST" && path === `/channels/${channel}`, times: 3 },
    );
    // The answer of a WebSocket is lost with it.
    proxy.inject({ kind: "cut", responseBytes: 1 }, { only: "upgrades", on: "open", times: 1 });
    for (let sent = 0; sent < 6; sent++) {
      const outcome = await client.remote.publish(channel, "message", ++scene.count);
      expect(outcome).toMatchObject({ ok: true });
    }
    await scene.seen();
    await scene.expectComplete();
  });

  test("a command is answered, and its own fault told", async () => {
    await using scene = await Scene.open(bench());
    scene.server.tidings.command("double", { handler: (input) => Number(input) * 2 });
    // A browser on a busy machine may lose its connection in between: a command is not asked again by itself.
    const ask = async (name: string, input: unknown): Promise<unknown> => {
      const outcome = await scene.client.remote.command(name, input);
      const isLost = !outcome.ok && outcome.fault.code === "CONNECTION_LOST";
      return isLost ? ask(name, input) : outcome;
    };
    expect(await ask("double", 21)).toEqual({ ok: true, value: 42 });
    expect(await ask("none", 1)).toMatchObject({ ok: false, fault: { code: "COMMAND_UNKNOWN" } });
    await scene.expectComplete();
  });
}
