import type { Fault, InjectOptions } from "@tidings/testing";
import { expect, test } from "vitest";
import type { TransportName } from "../../src/types.ts";
import type { ClientOptions } from "./driver.ts";
import { ABILITIES, type Pin } from "./abilities.ts";
import { type Bench, isReading, Scene } from "./scene.ts";

/** So that pages of another origin see what the proxy says. */
const READABLE = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Expose-Headers": "Retry-After",
} as const;
const RETRY_AFTER_S = 1;
/** The clocks of timers and of the test may differ by so much, in milliseconds. */
const SLACK_MS = 50;
const AWAY_MS = 10_000;
const STREAMS: readonly Pin[] = ["sse", "ndjson", "event-source"];

interface Obstacle {
  readonly name: string;
  readonly fault: Fault;
  readonly options?: InjectOptions;
  /** Transports that cannot work while it is there. */
  readonly stops: readonly Pin[];
  /** What `auto` has to change for it, and comes back to. */
  readonly client?: ClientOptions;
  readonly better?: readonly TransportName[];
}

const PREFERS_WS = { client: { lowLatency: true }, better: ["ws"] } as const;

const OBSTACLES: readonly Obstacle[] = [
  ...[426, 400, 403].map((status): Obstacle => ({
    name: `upgrades refused with ${status}`,
    fault: { kind: "refuse-upgrades", status },
    stops: ["ws"],
    ...PREFERS_WS,
  })),
  {
    name: "upgrades swallowed after the 101",
    fault: { kind: "swallow-upgrades" },
    stops: ["ws"],
    ...PREFERS_WS,
  },
  {
    name: "upgrades swallowed before the 101",
    fault: { kind: "swallow-upgrades", when: "before" },
    stops: ["ws"],
    ...PREFERS_WS,
  },
  {
    name: "answers buffered whole",
    fault: { kind: "buffer" },
    stops: ["ws", ...STREAMS],
    better: ["sse", "ndjson"],
  },
  {
    name: "403 of a proxy",
    fault: { kind: "answer", status: 403, headers: READABLE },
    options: { only: isReading },
    stops: ["ws", ...STREAMS, "long-poll", "poll", "auto"],
  },
];

/** What stands in the way for a while: `auto` goes round it, and a pinned transport that cannot goes on when it is gone. */
export function testObstacles(bench: () => Bench, pin: Pin): void {
  for (const { name, fault, options, stops, client, better } of OBSTACLES) {
    test(`${name}: nothing is lost, and the client goes round it or on after it`, async () => {
      await using scene = await Scene.open(bench(), pin === "auto" && client !== undefined ? { client } : {});
      const injected = scene.proxy.inject(fault, options);
      let sinceMs = performance.now();
      scene.proxy.cutAll();
      await scene.publish();
      const isStopped = stops.includes(pin);
      if (isStopped) {
        await injected.struck(2);
        sinceMs = performance.now();
      } else await scene.recovered(`${name} (still there)`, sinceMs);
      injected.lift();
      await scene.publish();
      if (isStopped) await scene.recovered(`${name} (gone)`, sinceMs);
      if (pin === "auto" && better !== undefined) {
        const goneAtMs = performance.now();
        const betterAtMs = await scene.client.untilLiveOn(better);
        scene.bench.recoveries.add(`${name} (gone): better transport`, pin, betterAtMs - goneAtMs);
        await scene.publish();
      }
      await scene.expectComplete();
    });
  }

  test.each([502, 503, 429])(
    "%i with Retry-After: the client does not ask before that, and nothing is lost",
    async (status) => {
      await using scene = await Scene.open(bench());
      const answer = scene.proxy.inject(
        { kind: "answer", status, retryAfter: RETRY_AFTER_S, headers: READABLE },
        { only: isReading },
      );
      scene.proxy.cutAll();
      await scene.publish();
      await answer.struck(2);
      if (ABILITIES[pin].seesRefusals) {
        // Of the answer, and not of one that a busy machine brought too late.
        const waited = (): number | undefined => scene.client.waitedMs(`answered with ${status}.`);
        await scene.client.until("it has waited", () => waited() !== undefined);
        expect(waited()).toBeGreaterThan(RETRY_AFTER_S * 1_000 - SLACK_MS);
      }
      const sinceMs = performance.now();
      answer.lift();
      await scene.recovered(`${status} with Retry-After (gone)`, sinceMs);
      await scene.expectComplete();
    },
  );

  test.skipIf(!ABILITIES[pin].noticesSilence)(
    "everything stalls: the silence is noticed, and the client goes on when it is over",
    async () => {
      await using scene = await Scene.open(bench());
      const stall = scene.proxy.inject({ kind: "stall" });
      await scene.publish();
      // The connection that is open, and the next one.
      await stall.struck(2);
      const sinceMs = performance.now();
      stall.lift();
      await scene.recovered("everything stalls (gone)", sinceMs);
      await scene.expectComplete();
    },
  );

  test("the server goes away for ten seconds", async () => {
    await using scene = await Scene.open(bench());
    const back = scene.proxy.goAwayFor(AWAY_MS);
    await scene.publish();
    await back;
    const sinceMs = performance.now();
    await scene.recovered("away for ten seconds (back)", sinceMs);
    await scene.expectComplete();
  });
}
