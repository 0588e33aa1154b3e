import { describe, expect, test } from "vitest";
import { completeNeeds, needsWith } from "../../src/advice/check-needs.ts";
import { NEEDS, type Needs } from "../../src/advice/needs.ts";
import { TidingsError } from "../../src/errors.ts";

function refusalOf(given: unknown): TidingsError {
  try {
    completeNeeds(given as Partial<Needs>);
  } catch (error) {
    if (error instanceof TidingsError) return error;
    throw error;
  }
  throw new Error("it was accepted");
}

describe("needs", () => {
  test("that are left out, or undefined, have the defaults that are described", () => {
    const defaults = Object.fromEntries(NEEDS.map((need) => [need.name, need.default]));
    expect(completeNeeds({ readers: undefined } as never)).toEqual({
      ...defaults,
      ...{ sentPerSecond: 0, media: false },
    });
    expect(completeNeeds({ direction: "both" })).toEqual({ ...defaults, direction: "both" });
  });

  test("that make no sense beside another one say so by their value", () => {
    expect(completeNeeds({ direction: "client-to-server", client: "device" })).toMatchObject({
      ...{ receivedPerSecond: 0, interactivity: "none", http: "1.1", streams: 1 },
    });
  });

  test.each<[unknown, string | undefined, string]>([
    [null, undefined, "not an object"],
    [[], undefined, "not an object"],
    [{ speed: 1 }, "speed", "they are direction, receivedPerSecond"],
    [{ direction: "up" }, "direction", '"both" or "client-to-server"'],
    [{ direction: {} }, "direction", "of another type"],
    [{ readers: 0 }, "readers", "a whole number from 1 to 10,000,000"],
    [{ readers: 1.5 }, "readers", "a whole number"],
    [{ readers: "5" }, "readers", "a whole number"],
    [{ readers: Number.NaN }, "readers", "a whole number"],
    [{ latencyMs: 86_400_001 }, "latencyMs", "from 1 to 86,400,000 milliseconds"],
    [{ receivedPerSecond: 1_000_001 }, "receivedPerSecond", "a number from 0 to 1,000,000 a second"],
    [{ receivedPerSecond: -1 }, "receivedPerSecond", "a number from 0"],
    [{ binary: "yes" }, "binary", "true or false"],
    [{ proxies: "buffering" }, "proxies", "a list of some of"],
    [{ proxies: ["none"] }, "proxies", '"buffering", "no-upgrade", "no-udp"'],
    [{ proxies: ["buffering", "buffering"] }, "proxies", "each once"],
    [{ sentPerSecond: 1 }, "sentPerSecond", 'only where direction is "both" or'],
    [{ media: true }, "media", 'only where direction is "both" or "peer-to-peer"'],
    [{ interactivity: "conversation" }, "interactivity", 'only where direction is "both" or'],
    [{ client: "server", streams: 2 }, "streams", 'only where client is "browser"'],
  ])("%j are refused, with the name and what is allowed", (given, field, part) => {
    const error = refusalOf(given);
    expect(error.code).toBe("NEEDS_INVALID");
    expect(error.details.field).toBe(field);
    expect(error.message).toContain(part);
  });

  test("at their bounds are taken", () => {
    for (const need of NEEDS) {
      if (need.type !== "number") continue;
      for (const bound of [need.min, need.max])
        expect(completeNeeds({ direction: "both", [need.name]: bound })[need.name]).toBe(bound);
    }
  });

  test("of which one is changed lose what makes no sense any more, and get the defaults of what does now", () => {
    const needs = completeNeeds({ direction: "both", sentPerSecond: 5, interactivity: "conversation" });
    const oneWay = needsWith(needs, "direction", "server-to-client");
    expect(oneWay).toEqual(completeNeeds({}));
    expect(needsWith(oneWay, "direction", "both")).toEqual(completeNeeds({ direction: "both" }));
  });
});

test("the description of needs is sound: names once, defaults that are allowed, rising steps, earlier needs named", () => {
  expect(new Set(NEEDS.map(({ name }) => name)).size).toBe(NEEDS.length);
  for (const [at, need] of NEEDS.entries()) {
    expect(need.title).toMatch(/^[A-Z].*\?$/);
    expect(need.hint).toMatch(/^[A-Z].*\.$/);
    if (need.only !== undefined) expect(NEEDS.slice(0, at).map(({ name }) => name)).toContain(need.only.need);
    if (need.type !== "number") continue;
    expect([...need.steps].sort((one, other) => one - other)).toEqual(need.steps);
    expect(need.steps.every((step) => step >= need.min && step < need.max)).toBe(true);
  }
});
