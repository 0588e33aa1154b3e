import { expect, test } from "vitest";
import { advise } from "../../src/advice/advise.ts";
import type { Needs } from "../../src/advice/needs.ts";
import { SETTINGS } from "../../src/advice/settings.ts";

/** Of each setting, needs that bring it, with its value; and the same but for one need, that do not. */
const CASES: Readonly<
  Record<string, readonly [with_: Partial<Needs>, value: unknown, without: Partial<Needs>]>
> = {
  transport: [{ interactivity: "one-result" }, "long-poll", {}],
  binary: [{ binary: true }, true, {}],
  lowLatency: [{ direction: "both", sentPerSecond: 1 }, true, { direction: "both" }],
  pollMs: [{ latencyMs: 60_000 }, 60_000, {}],
  waitMs: [
    { interactivity: "one-result", idleTimeoutMs: 25_000 },
    12_500,
    { interactivity: "one-result", idleTimeoutMs: 25_001 },
  ],
  "limits.heartbeatMs": [{ idleTimeoutMs: 15_000 }, 7_500, { idleTimeoutMs: 15_001 }],
  "limits.pingMs": [{ idleTimeoutMs: 25_000 }, 12_500, { idleTimeoutMs: 25_001 }],
  share: [{ streams: 2 }, true, { streams: 2, http: "2" }],
  compression: [
    { direction: "both", sentPerSecond: 1, messageBytes: 1_001 },
    "all",
    { direction: "both", sentPerSecond: 1, messageBytes: 1_000 },
  ],
  "policies.conflate": [
    { receivedPerSecond: 31, history: false },
    true,
    { receivedPerSecond: 30, history: false },
  ],
  ephemeral: [{ history: false }, true, {}],
  batches: [{ receivedPerSecond: 1_001 }, 1_000, { receivedPerSecond: 1_000 }],
  artifacts: [{ messageBytes: 100_001 }, true, { messageBytes: 100_000 }],
  "limits.maxConnections": [{ readers: 100_001 }, 100_001, { readers: 100_000 }],
  signalling: [{ direction: "peer-to-peer" }, "ws", { direction: "both" }],
};

test("every setting has a case here, and every case a setting", () => {
  expect(Object.keys(CASES)).toEqual(SETTINGS.map(({ name }) => name));
});

test.each(Object.entries(CASES))("%s follows from the needs", (name, [given, value, without]) => {
  const settingOf = (needs: Partial<Needs>): unknown =>
    advise(needs).settings.find((setting) => setting.name === name)?.value;
  expect(settingOf(given)).toBe(value);
  expect(settingOf(without)).toBeUndefined();
});

test("a poll is advised as often as a message may be late, within half a second and an hour", () => {
  const pollMsOf = (latencyMs: number): unknown =>
    advise({ client: "serverless", latencyMs }).settings.find(({ name }) => name === "pollMs")?.value;
  expect([1, 10_000, 86_400_000].map(pollMsOf)).toEqual([500, 10_000, 3_600_000]);
});
