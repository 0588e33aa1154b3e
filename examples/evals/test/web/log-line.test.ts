import { describe, expect, test } from "vitest";
import { parseLine, splitHits } from "../../web/src/logic/log-line.ts";

describe("a line of the log", () => {
  test("has a time, a level and a text", () => {
    expect(parseLine("2026-11-21T17:00:00.123Z warn the disk is full")).toEqual({
      time: "2026-11-21T17:00:00.123Z",
      level: "warn",
      text: "the disk is full",
    });
    expect(parseLine("2026-11-21T17:00:00.123Z info ")).toMatchObject({ level: "info", text: "" });
  });

  test("that has none of them is all text", () => {
    expect(parseLine("warn only")).toEqual({ time: "", level: "info", text: "warn only" });
  });

  test("is shown without what would colour it or move a terminal's cursor (ECMA-48 §5.4)", () => {
    const painted =
      "2026-11-21T17:00:00.123Z info \u001b[1;31mred\u001b[0m \u001b]0;title\u0007plain\u001b[2K\u0007\ttab";
    expect(parseLine(painted).text).toBe("red plain\ttab");
  });

  test("is cut at what is searched for, letter case aside", () => {
    expect(splitHits("Loss is loss", "LOSS")).toEqual([
      { text: "Loss", isHit: true },
      { text: " is ", isHit: false },
      { text: "loss", isHit: true },
    ]);
    expect(splitHits("nothing", "else")).toEqual([{ text: "nothing", isHit: false }]);
    expect(splitHits("all", "")).toEqual([{ text: "all", isHit: false }]);
    expect(splitHits("aaa", "aa")).toEqual([
      { text: "aa", isHit: true },
      { text: "a", isHit: false },
    ]);
  });

  test("whose lower case is longer is marked nowhere rather than at the wrong place", () => {
    expect(splitHits("İİİ loss", "loss")).toEqual([{ text: "İİİ loss", isHit: false }]);
  });
});
