import { describe, expect, test } from "vitest";
import { CLOSE_CODES } from "../src/close-codes.ts";

describe("close codes", () => {
  test("are ones that an endpoint may send (RFC 6455 §7.4)", () => {
    for (const code of Object.keys(CLOSE_CODES).map(Number)) {
      const isOfTheStandard = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011].includes(code);
      const isOurs = code >= 4000 && code <= 4999;
      expect(isOfTheStandard || isOurs, String(code)).toBe(true);
    }
  });

  test("have a name each", () => {
    const names = Object.values(CLOSE_CODES).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  test("say to connect again only where that can help", () => {
    const again = Object.entries(CLOSE_CODES).filter(([, { reconnect }]) => reconnect);
    expect(again.map(([code]) => Number(code))).toEqual([1001, 1011, 4408, 4429, 4503]);
  });
});
