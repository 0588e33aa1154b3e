import { expect, test } from "vitest";
import { pageBody } from "../../../src/transports/polling/page.ts";

const page = (...parts: readonly Uint8Array[]): Parameters<typeof pageBody>[0] => ({
  parts,
  messages: parts.length,
  cursors: new Map(),
  gaps: [],
  caughtUp: true,
});

test("polls that one flush answers at one cursor are given the very same bytes, and others their own", () => {
  const part = Buffer.from("1,");
  const shared = pageBody(page(part), { cursor: "e.1" });
  expect(shared.toString()).toBe('{"messages":[1],"cursor":"e.1"}');
  expect(pageBody(page(part), { cursor: "e.1" })).toBe(shared);
  expect(pageBody(page(part), { cursor: "e.2" }).toString()).toBe('{"messages":[1],"cursor":"e.2"}');
  expect(pageBody(page(Buffer.from("2,")), { cursor: "e.2" }).toString()).toBe(
    '{"messages":[2],"cursor":"e.2"}',
  );
  expect(pageBody(page(part, Buffer.from("2,")), { cursor: "e.2" }).toString()).toBe(
    '{"messages":[1,2],"cursor":"e.2"}',
  );
  expect(pageBody(page(), { cursor: "e.2" }).toString()).toBe('{"messages":[],"cursor":"e.2"}');
});
