import { ndjsonFormat, toOffset } from "@tidings/protocol";
import { expect, test } from "vitest";
import { cutChunks } from "../src/chunk.ts";
import { Encoding } from "../src/encoding.ts";
import { eventFilter } from "../src/index.ts";
import { CountingFormat, number, text } from "./support/fixtures.ts";

const SOURCE = { channel: "c", epoch: "e1" };
const allocate = (size: number): Uint8Array => new Uint8Array(size);

function cut(head: number, ...offsets: readonly number[]): ReturnType<typeof cutChunks> {
  const messages = offsets.map((at) => ({ ...number(at), offset: toOffset(at), timeMs: 0 }));
  return cutChunks(messages, toOffset(head), SOURCE, allocate);
}

test("what is pending is cut where kept messages and ephemeral ones meet, in order", () => {
  const chunks = cut(4, 0, 5, 6, 0, 0, 9);
  expect(chunks.map(({ messages }) => messages.map(({ offset }) => offset))).toEqual([
    [0],
    [5, 6],
    [0, 0],
    [9],
  ]);
  expect(chunks.map(({ before, last, isKept }) => [before, last, isKept])).toEqual([
    [4, 4, false],
    [4, 6, true],
    [6, 6, false],
    [6, 9, true],
  ]);
});

test("nothing pending is no chunk", () => {
  expect(cut(4)).toEqual([]);
});

test("a chunk that is held encodes once in each way, and counts what it holds", () => {
  const [chunk] = cut(0, 1, 2);
  const format = new CountingFormat();
  const encoding = new Encoding(format, undefined);
  if (chunk === undefined) throw new Error("no chunk");
  const alone = chunk.hold().bytes;
  const batch = chunk.encode(encoding);
  expect(chunk.encode(new Encoding(format, undefined))).toBe(batch);
  expect(text(batch.bytes)).toBe("c/1=1;c/2=2;");
  expect(format.writes).toBe(2);
  expect(chunk.bytes).toBeGreaterThanOrEqual(alone + batch.bytes.length);

  chunk.keepOnly(new Set([encoding.key]));
  expect(chunk.encode(encoding)).toBe(batch);
  chunk.keepOnly(new Set());
  expect(chunk.bytes).toBe(alone);
  chunk.encode(encoding);
  expect(format.writes).toBe(4);
});

test("a chunk that is not held keeps no encoding", () => {
  const [chunk] = cut(0, 1, 2);
  const alone = chunk?.bytes;
  chunk?.encode(new Encoding(ndjsonFormat, eventFilter(["message"])));
  expect(chunk?.bytes).toBe(alone);
});
