import { expect, test } from "vitest";
import { messageBytes } from "../src/message.ts";

test("a message counts for its payload, its names, and 64 bytes for its record", () => {
  expect(messageBytes({ event: "message", data: new Uint8Array(100) })).toBe(171);
  expect(messageBytes({ event: "e", key: "key", data: new Uint8Array(0) })).toBe(68);
});
