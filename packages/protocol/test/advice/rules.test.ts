import { describe, expect, test } from "vitest";
import { completeNeeds } from "../../src/advice/check-needs.ts";
import type { Needs } from "../../src/advice/needs.ts";
import { rank, RULES } from "../../src/advice/rank.ts";
import { type Outcome, outcomeOf } from "./support.ts";

/** Of each rule, needs for which the advice would be another one without it, and what it is. */
const CASES: Readonly<Record<string, readonly [needs: Partial<Needs>, advised: Outcome]>> = {
  updates: [{}, { choice: "sse", fallback: "ws" }],
  "sends-only": [{ direction: "client-to-server" }, { choice: "http", fallback: "ws" }],
  peers: [
    { direction: "peer-to-peer", history: false },
    { choice: "ws", fallback: "sse", later: "webrtc" },
  ],
  "no-peers": [
    { direction: "both", sentPerSecond: 2, binary: true, history: false, proxies: ["no-upgrade"] },
    { choice: "sse", fallback: "long-poll" },
  ],
  "call-media": [{ direction: "both", media: true }, { later: "webrtc" }],
  "sends-steadily": [
    { direction: "both", sentPerSecond: 0.1 },
    { choice: "ws", fallback: "sse" },
  ],
  "sends-bursts": [
    { direction: "client-to-server", sentPerSecond: 2 },
    { choice: "ws", fallback: "http" },
  ],
  conversation: [
    { direction: "both", interactivity: "conversation" },
    { choice: "ws", fallback: "sse" },
  ],
  "one-result": [{ interactivity: "one-result" }, { choice: "long-poll", fallback: "sse" }],
  "low-latency": [
    { idleTimeoutMs: 5_000, latencyMs: 100 },
    { choice: "sse", fallback: "long-poll" },
  ],
  "sooner-than-polls": [
    { interactivity: "one-result", latencyMs: 2_000 },
    { choice: "long-poll", fallback: "sse" },
  ],
  "no-hurry": [{ latencyMs: 30_001 }, { choice: "poll", fallback: "sse" }],
  "many-messages": [
    { idleTimeoutMs: 5_000, receivedPerSecond: 2 },
    { choice: "sse", fallback: "ws" },
  ],
  "rare-to-backend": [
    { client: "server", receivedPerSecond: 1 / 60 },
    { choice: "ndjson", fallback: "ws", later: "webhook" },
  ],
  "fan-out": [
    { client: "server", readers: 1_001 },
    { choice: "sse", fallback: "ws" },
  ],
  crowd: [
    { direction: "both", idleTimeoutMs: 5_000, readers: 10_001 },
    { choice: "sse", fallback: "ws" },
  ],
  binary: [
    { binary: true, messageBytes: 100_000 },
    { choice: "ws", fallback: "sse" },
  ],
  "large-uploads": [
    { direction: "client-to-server", sentPerSecond: 2, messageBytes: 100_001 },
    { choice: "http", fallback: "ws" },
  ],
  history: [{ direction: "peer-to-peer" }, { choice: "ws", fallback: "sse" }],
  "field-selection": [{ fieldSelection: true }, { choice: "sse", fallback: "ws", later: "graphql" }],
  buffered: [{ proxies: ["buffering"] }, { choice: "ws", fallback: "long-poll" }],
  "no-upgrade": [
    { direction: "both", sentPerSecond: 2, proxies: ["no-upgrade"] },
    { choice: "sse", fallback: "long-poll" },
  ],
  "no-udp": [
    { direction: "peer-to-peer", history: false, proxies: ["no-udp"] },
    { choice: "ws", fallback: "sse" },
  ],
  "cut-soon": [{ idleTimeoutMs: 5_000 }, { choice: "long-poll", fallback: "sse" }],
  "six-connections": [{ streams: 6 }, { choice: "ws", fallback: "sse" }],
  "no-tcp-in-browsers": [
    { direction: "both", sentPerSecond: 2, binary: true, history: false, proxies: ["no-upgrade"] },
    { choice: "sse", fallback: "long-poll" },
  ],
  phone: [
    { client: "phone", latencyMs: 60_000 },
    { choice: "sse", fallback: "poll" },
  ],
  backend: [{ client: "server" }, { choice: "ndjson", fallback: "ws" }],
  serverless: [
    { client: "serverless", latencyMs: 5_000 },
    { choice: "poll", later: "webhook" },
  ],
  "no-address": [
    { direction: "both", client: "phone", readers: 20_000, proxies: ["buffering", "no-upgrade"] },
    { choice: "long-poll", fallback: "poll" },
  ],
  device: [{ client: "device" }, { choice: "sse", fallback: "ws", later: "mqtt" }],
};

test("every rule has a case here, and every case a rule", () => {
  expect(Object.keys(CASES)).toEqual(RULES.map(({ id }) => id));
});

describe.each(RULES)("$id: where $where", (rule) => {
  const [given, advised] = CASES[rule.id] ?? [{}, {}];
  const needs = completeNeeds(given);

  test("holds, and changes what is advised", () => {
    expect(outcomeOf(rank(needs))).toEqual(advised);
    const without = RULES.filter(({ id }) => id !== rule.id);
    expect(outcomeOf(rank(needs, without))).not.toEqual(advised);
  });

  test("is told as a reason, by its id and in a sentence, for each transport that it is about", () => {
    for (const { transport, reasons } of rank(needs).ranking) {
      const effects = rule.effects.filter(({ on }) => on.includes(transport));
      expect(reasons.filter(({ rule: id }) => id === rule.id)).toEqual(
        effects.map(({ points, text }) => ({ rule: rule.id, points, text })),
      );
    }
    for (const { text, points } of rule.effects) {
      expect(text).toMatch(/^[A-Z].*\.$/);
      expect(points).not.toBe(0);
    }
  });
});
