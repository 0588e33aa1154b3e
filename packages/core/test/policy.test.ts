import { expect, test } from "vitest";
import { DEFAULT_RETENTION, Policies } from "../src/index.ts";

const DEFAULTS = { maxMessageBytes: 1_000 };

test("a channel that no pattern names has the defaults", () => {
  const policies = new Policies([{ pattern: "a/*", publish: "server" }], DEFAULTS);
  expect(policies.of("b")).toEqual({
    pattern: "**",
    retention: DEFAULT_RETENTION,
    maxMessageBytes: 1_000,
    publish: "anyone",
    ephemeralOnly: false,
    inlineBytes: 100_000,
    maxArtifactBytes: 5_368_709_120,
    compact: false,
    conflate: false,
    presence: true,
  });
});

test("the first pattern that matches holds, alone", () => {
  const policies = new Policies(
    [
      { pattern: "a/b", ephemeralOnly: true },
      { pattern: "a/*", publish: "server" },
      { pattern: "a/**", maxMessageBytes: 10 },
    ],
    DEFAULTS,
  );
  expect(policies.of("a/b")).toMatchObject({
    pattern: "a/b",
    ephemeralOnly: true,
    publish: "anyone",
    maxMessageBytes: 1_000,
  });
  expect(policies.of("a/c")).toMatchObject({ pattern: "a/*", publish: "server" });
  expect(policies.of("a/c/d")).toMatchObject({ pattern: "a/**", maxMessageBytes: 10 });
  expect(policies.of("a")).toMatchObject({ pattern: "**" });
});

test("retention is made up of the policy's, then the server's, then the default", () => {
  const policies = new Policies([{ pattern: "a", retention: { maxMessages: 5 } }], {
    ...DEFAULTS,
    retention: { maxMessages: 50, maxAgeMs: 60 },
  });
  expect(policies.of("a").retention).toEqual({ ...DEFAULT_RETENTION, maxMessages: 5, maxAgeMs: 60 });
  expect(policies.of("b").retention).toEqual({ ...DEFAULT_RETENTION, maxMessages: 50, maxAgeMs: 60 });
});

test("a policy can lower the size of messages, and not raise it above the server's", () => {
  const policies = new Policies(
    [
      { pattern: "small", maxMessageBytes: 999 },
      { pattern: "large", maxMessageBytes: 1_001 },
    ],
    DEFAULTS,
  );
  expect(policies.of("small").maxMessageBytes).toBe(999);
  expect(policies.of("large").maxMessageBytes).toBe(1_000);
});

test("the system's channels are named by patterns of their own", () => {
  const policies = new Policies(
    [
      { pattern: "**", publish: "server" },
      { pattern: "$sys/*", ephemeralOnly: true },
    ],
    DEFAULTS,
  );
  expect(policies.of("$sys/x")).toMatchObject({ pattern: "$sys/*", publish: "anyone" });
  expect(policies.of("x")).toMatchObject({ publish: "server" });
});

test("a compacting policy says so to the log, and the others say nothing", () => {
  const policies = new Policies([{ pattern: "prices", compact: true }], DEFAULTS);
  expect(policies.of("prices").retention).toEqual({ ...DEFAULT_RETENTION, compact: true });
  expect(policies.of("b").retention).toEqual(DEFAULT_RETENTION);
});

test("a policy can lower the size of stored payloads down to none, and not raise it above the server's", () => {
  const policies = new Policies(
    [
      { pattern: "none", maxArtifactBytes: 0 },
      { pattern: "large", maxArtifactBytes: 2_001 },
    ],
    { ...DEFAULTS, maxArtifactBytes: 2_000 },
  );
  expect(policies.of("none").maxArtifactBytes).toBe(0);
  expect(policies.of("large").maxArtifactBytes).toBe(2_000);
});

test("a pattern that is none is refused when the policies are made", () => {
  expect(() => new Policies([{ pattern: "a//b" }], DEFAULTS)).toThrow(
    expect.objectContaining({ code: "CONFIG_INVALID" }),
  );
});

test("a channel has the same policy however many others were asked for since", () => {
  const policies = new Policies([{ pattern: "a/*", maxMessageBytes: 7 }], DEFAULTS);
  const first = policies.of("a/1");
  for (let at = 0; at < 10_001; at++) policies.of(`b/${at}`);
  expect(policies.of("a/1")).toEqual(first);
});
