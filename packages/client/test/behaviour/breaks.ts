import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { ABILITIES, type Pin } from "./abilities.ts";
import { type Bench, isReading, Scene } from "./scene.ts";

/** Shorter than any connection of the list lives by itself, in milliseconds. */
const CUT_AGE_MS = 400;
const DELAY_MS = 60;
/** Between two messages of a publisher that goes on, in milliseconds. */
const PUBLISH_MS = 50;
/** For clients that are cut again and again. */
const AT_ONCE = { stableMs: 1, backoffMs: 5 } as const;

/** What happens to connections in a moment: the client notices, and goes on. */
export function testBreaks(bench: () => Bench, pin: Pin): void {
  const { isPolling, noticesSilence } = ABILITIES[pin];

  const breaks: readonly (readonly [string, (scene: Scene) => unknown])[] = [
    ["a reset", (scene) => scene.proxy.cutAll("reset")],
    ["an end", (scene) => scene.proxy.cutAll("end")],
    ["an end of the server's half", (scene) => scene.proxy.cutAll("half-down")],
    ["an end of the client's half", (scene) => scene.proxy.cutAll("half-up")],
    [
      "an open WebSocket goes silent",
      (scene) => scene.proxy.inject({ kind: "swallow-upgrades" }, { on: "open" }),
    ],
    [
      "an answer is lost",
      (scene) => {
        scene.proxy.inject({ kind: "lose-answer" }, { only: isReading, times: 1 });
        scene.proxy.cutAll("end");
      },
    ],
  ];
  const silences: typeof breaks = [
    ["open connections stall", (scene) => scene.proxy.inject({ kind: "stall" }, { on: "open" })],
    [
      "open connections stall towards the client",
      (scene) => scene.proxy.inject({ kind: "stall", direction: "down" }, { on: "open" }),
    ],
  ];
  test.each([...breaks, ...(noticesSilence ? silences : [])])(
    "%s: the client goes on",
    async (name, strike) => {
      await using scene = await Scene.open(bench());
      const sinceMs = performance.now();
      strike(scene);
      await scene.publish();
      await scene.recovered(name, sinceMs);
      await scene.publish();
      await scene.seen();
      // What was held comes late, or to nobody.
      scene.proxy.clear();
      await scene.expectComplete();
    },
  );

  test("each chunk comes later: everything comes, in order, and connections are not given up for that", async () => {
    await using scene = await Scene.open(bench());
    const before = scene.client.losses;
    const delay = scene.proxy.inject({ kind: "delay", ms: DELAY_MS });
    const sinceMs = performance.now();
    await scene.publish();
    await scene.recovered(`each chunk ${DELAY_MS} ms later (still there)`, sinceMs);
    await scene.publish();
    await scene.seen();
    delay.lift();
    await scene.expectComplete();
    // A busy machine adds to the delay, and once it may be taken for silence.
    expect(scene.client.losses - before).toBeLessThanOrEqual(1);
  });

  test("every connection is cut at the same age, again and again, while messages come: nothing is lost", async () => {
    // Long enough that what was learnt of one transport still holds when the next one is found out.
    await using scene = await Scene.open(bench(), { client: { tuning: { pathMemoryMs: 6_000 } } });
    const {
      client,
      proxy,
      bench: { recoveries },
    } = scene;
    const cuts = proxy.inject({ kind: "cut", ageMs: CUT_AGE_MS }, { only: isReading });
    let published = 0;
    const isEnough = (): boolean => {
      // Only a transport whose connections are short outlives it.
      if (pin === "auto") return client.liveOn === "long-poll" || client.liveOn === "poll";
      // A long poll is made shorter, so that there may be nothing to cut any more.
      return isPolling ? published >= 25 : cuts.strikes >= 4;
    };
    while (!isEnough()) {
      const sinceMs = performance.now();
      await scene.publish(1);
      published++;
      await scene.recovered(`cut at an age of ${CUT_AGE_MS} ms`, sinceMs);
      await pause(PUBLISH_MS);
    }
    cuts.lift();
    if (pin === "auto") {
      const goneAtMs = performance.now();
      const betterAtMs = await client.untilLiveOn(["sse", "ndjson"]);
      recoveries.add("cut at an age (gone): better transport", pin, betterAtMs - goneAtMs);
    }
    await scene.expectComplete();
  });

  test("the connection dies before the first message: the greeting was a position", async () => {
    await using scene = await Scene.open(bench(), { history: 0, from: { since: "latest" } });
    const sinceMs = performance.now();
    scene.proxy.cutAll();
    await scene.publish();
    await scene.recovered("dead before the first message", sinceMs);
    await scene.expectComplete();
  });

  test("the first connections die before they greet", async () => {
    await using scene = await Scene.open(bench(), {
      isRaw: true,
      prepare: (proxy) => proxy.inject({ kind: "cut", responseBytes: 40 }, { only: isReading, times: 3 }),
    });
    await scene.recovered("three connections die before they greet", performance.now());
    await scene.expectComplete();
  });

  test("the server has not noticed that the old connection is dead", async () => {
    await using scene = await Scene.open(bench());
    const hidden = scene.proxy.inject({ kind: "stall" }, { on: "open" });
    const sinceMs = performance.now();
    await scene.client.remote.reconnect();
    await scene.publish();
    await scene.recovered("reconnect beside a dead connection", sinceMs);
    hidden.lift();
    await scene.publish();
    await scene.seen();
    await scene.expectComplete();
  });

  describe("wherever the bytes are cut", () => {
    /** Every place is tried, by several clients that share them out; polls have a head each time, which matters less. */
    const step = (): number => bench().cutEvery * (isPolling ? 4 : 1);
    const lanes = 4;
    test.each(Array.from({ length: lanes }, (_, lane) => lane))(
      "a message of UTF-8 is read once, and whole (%i of 4)",
      async (lane) => {
        await using scene = await Scene.open(bench(), { client: { tuning: AT_ONCE } });
        const texts: string[] = [];
        await scene.client.remote.read("texts", { since: "earliest" });
        await scene.client.until("the other channel is read", () =>
          scene.client.all("caught-up").some(({ channel }) => channel === "texts"),
        );
        const read = (): readonly unknown[] => scene.client.dataOf("texts");
        for (let bytes = lane * step(); ; bytes += lanes * step()) {
          using cut = scene.proxy.inject(
            { kind: "cut", responseBytes: bytes },
            { only: isReading, times: 1 },
          );
          texts.push(`${bytes} žluťoučký 🐎 日本`);
          await scene.server.tidings.publish("texts", { text: texts.at(-1) });
          await untilAgain(scene, () => read().length >= texts.length);
          // It has passed as a whole: that was the last place.
          if (cut.strikes === 0) break;
        }
        expect(texts.length * bench().cutEvery).toBeGreaterThan(20);
        expect(read()).toEqual(texts.map((text) => ({ text })));
        await scene.expectComplete();
      },
    );

    test("a new connection's first answer is, and nothing is lost", async () => {
      await using scene = await Scene.open(bench(), { client: { tuning: AT_ONCE } });
      let cuts = 0;
      for (let responseBytes = 0; ; responseBytes += 30 * bench().cutEvery) {
        using cut = scene.proxy.inject(
          { kind: "cut", responseBytes },
          { only: isReading, times: 1, on: "new" },
        );
        scene.proxy.cutAll("end");
        await scene.publish(1);
        await untilAgain(scene, () => scene.client.dataOf(scene.channel).includes(scene.count));
        if (cut.strikes === 0) break;
        cuts++;
      }
      expect(cuts * bench().cutEvery).toBeGreaterThan(10);
      await scene.expectComplete();
    });
  });
}

/** Resolves once it is so; whenever the client waits, it is told not to: the server may have asked for seconds. */
async function untilAgain({ client }: Scene, isSo: () => boolean): Promise<void> {
  while (!isSo()) {
    await client.until("it is read after the cut", () => isSo() || client.state.name === "waiting");
    if (isSo()) return;
    await client.remote.reconnect();
    await client.until("it connects anew", () => isSo() || client.state.name !== "waiting");
  }
}
