import { describe, expect, test } from "vitest";
import { FILE_WINDOW_LIMITS, FileWindow } from "../../web/src/logic/file-window.ts";

const { chunkBytes, maxChunks } = FILE_WINDOW_LIMITS;

function open(bytes: Uint8Array) {
  const asked: number[] = [];
  const file = new FileWindow(async (from, to) => {
    asked.push(from);
    return { bytes: bytes.subarray(from, to + 1), size: bytes.length };
  });
  return { file, asked };
}

describe("a large file in a page", () => {
  test("is loaded 64 KiB at a time, up to its end", async () => {
    const { file, asked } = open(new Uint8Array(chunkBytes * 2 + 10).fill(0x61));
    for (let load = 0; load < 4; load++) await file.more();
    expect(asked).toEqual([0, chunkBytes, chunkBytes * 2]);
    expect(file.chunks.map(({ text }) => text.length)).toEqual([chunkBytes, chunkBytes, 10]);
    expect(file.isComplete).toBe(true);
    expect(file.size).toBe(chunkBytes * 2 + 10);
  });

  test("shows a character that is cut by a chunk once, and whole", async () => {
    const text = `${"x".repeat(chunkBytes - 1)}€ and on`;
    const { file } = open(new TextEncoder().encode(text));
    await file.more();
    await file.more();
    expect(file.chunks.map((chunk) => chunk.text).join("")).toBe(text);
  });

  test("is looked at from anywhere, from the next whole character on", async () => {
    const { file } = open(new TextEncoder().encode("€€€"));
    file.seek(1);
    await file.more();
    expect(file.chunks).toEqual([{ from: 1, text: "€€" }]);
  });

  test(`has ${maxChunks} chunks in the page at most`, async () => {
    const { file } = open(new Uint8Array(chunkBytes * (maxChunks + 1)).fill(0x61));
    for (let load = 0; load <= maxChunks; load++) await file.more();
    expect(file.chunks).toHaveLength(maxChunks);
    expect(file.chunks[0]?.from).toBe(chunkBytes);
  });

  test("ignores an answer for where nobody looks any more", async () => {
    const { file } = open(new TextEncoder().encode("0123456789"));
    const late = file.more();
    file.seek(5);
    await Promise.all([late, file.more()]);
    expect(file.chunks).toEqual([{ from: 5, text: "56789" }]);
  });
});
