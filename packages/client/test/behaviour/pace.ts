import { setTimeout as pause } from "node:timers/promises";
import type { Fault } from "@tidings/testing";
import { expect, test } from "vitest";
import { ABILITIES, type Pin } from "./abilities.ts";
import { type Bench, isReading, Scene } from "./scene.ts";

/** How many attempts that fail there may be in this time: with the pauses of the list's clients some 15 are to be expected. */
const MAX_ATTEMPTS = 40;
const WATCHED_MS = 3_000;

/** Nobody's server is stormed. */
export function testPace(bench: () => Bench, pin: Pin): void {
  const faults: readonly (readonly [string, Fault])[] = [
    ["while nothing can be reached", { kind: "cut", how: "reset" }],
    // A poll that was answered in that time has not failed.
    ...(ABILITIES[pin].isPolling
      ? []
      : [["while every connection ends as soon as it has greeted", { kind: "cut", ageMs: 30 }] as const]),
  ];
  test.each(faults)("attempts keep their pauses %s", async (_name, fault) => {
    await using scene = await Scene.open(bench());
    const injected = scene.proxy.inject(fault, { only: isReading });
    scene.proxy.cutAll();
    await injected.struck(1);
    const hasStormed = injected.struck(1 + MAX_ATTEMPTS).then(() => true);
    const isOver = pause(WATCHED_MS).then(() => false);
    expect(await Promise.race([hasStormed, isOver])).toBe(false);
    await scene.publish();
    injected.lift();
    await scene.expectComplete();
  });

  test("one connection carries all channels: it is the only one that reads", async () => {
    await using scene = await Scene.open(bench());
    for (const channel of ["a", "b", "c"]) await scene.client.remote.read(channel, { since: "earliest" });
    await scene.server.tidings.publish("c", "last");
    await scene.client.until("the last channel is read", () => scene.client.dataOf("c").includes("last"));
    await scene.expectComplete();
    const reading = scene.proxy.requests.filter(isReading);
    // Polls ask again and again; a new set of channels may be asked for before the old request is answered.
    if (!ABILITIES[pin].isPolling) expect(reading.length).toBeLessThanOrEqual(1 + scene.client.losses);
  });
}
