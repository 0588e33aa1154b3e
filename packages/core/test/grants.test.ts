import { TidingsError } from "@tidings/protocol";
import { describe, expect, test } from "vitest";
import { Grants } from "../src/grants.ts";

describe("grants", () => {
  const grants = Grants.of({
    subscribe: ["evals/**", "news"],
    publish: ["evals/*/log"],
    command: ["evals.*"],
  });

  test("a right holds for the channels that one of its patterns names, and for no other", () => {
    expect(grants.allows("subscribe", "evals/1/log")).toBe(true);
    expect(grants.allows("subscribe", "news")).toBe(true);
    expect(grants.allows("subscribe", "news/today")).toBe(false);
    expect(grants.allows("publish", "evals/1/log")).toBe(true);
    expect(grants.allows("publish", "evals/1/status")).toBe(false);
  });

  test("one right is not another", () => {
    expect(grants.allows("publish", "news")).toBe(false);
    expect(grants.allows("presence", "news")).toBe(false);
    expect(grants.allows("admin", "news")).toBe(false);
  });

  test("commands have names of their own", () => {
    expect(grants.allows("command", "evals.stop")).toBe(true);
    expect(grants.allows("command", "other.stop")).toBe(false);
  });

  test("admin of a channel is every right there, and no command", () => {
    const admin = Grants.of({ admin: ["evals/**"] });
    expect(admin.allows("publish", "evals/1")).toBe(true);
    expect(admin.allows("subscribe", "evals/1")).toBe(true);
    expect(admin.allows("publish", "news")).toBe(false);
    expect(admin.allows("command", "evals.stop")).toBe(false);
    expect(admin.isAdmin).toBe(false);
  });

  test("admin of ** is the whole server: the system's channels and commands too", () => {
    expect(Grants.ALL.isAdmin).toBe(true);
    expect(Grants.ALL.allows("subscribe", "$tidings/stats")).toBe(true);
    expect(Grants.ALL.allows("command", "evals.stop")).toBe(true);
  });

  test("the system's channels are not among all channels", () => {
    expect(Grants.of({ subscribe: ["**"] }).allows("subscribe", "$tidings/stats")).toBe(false);
    expect(Grants.of({ subscribe: ["$tidings/**"] }).allows("subscribe", "$tidings/stats")).toBe(true);
  });

  test("none allows nothing", () => {
    expect(Grants.NONE.allows("subscribe", "a")).toBe(false);
    expect(Grants.NONE.allowsAny("subscribe")).toBe(false);
  });

  test("two together allow what either allows", () => {
    const both = grants.plus(Grants.of({ presence: ["news"], subscribe: ["other"] }));
    expect(both.allows("presence", "news")).toBe(true);
    expect(both.allows("subscribe", "other")).toBe(true);
    expect(both.allows("subscribe", "evals/1")).toBe(true);
    expect(grants.plus(Grants.NONE)).toBe(grants);
  });

  test("what is no pattern is refused", () => {
    expect(() => Grants.of({ subscribe: ["a//b"] })).toThrow(TidingsError);
    expect(() => Grants.of({ command: ["a..b"] })).toThrow(TidingsError);
  });
});
