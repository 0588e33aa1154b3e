import { describe, expect, test } from "vitest";
import { findProgress } from "../../src/cli/run/progress.ts";

describe("progress in a line", () => {
  test.each([
    ["[ 12%] Building CXX object", { percent: 12 }],
    ["downloading 99.5 % done", { percent: 99.5 }],
    ["\u001b[32m100%\u001b[0m ok", { percent: 100 }],
    ["[3/120] Compiling main.c", { percent: 2.5, current: 3, total: 120 }],
    ["Epoch 3 / 10: loss 0.1", { percent: 30, current: 3, total: 10 }],
    ["50% (5/10)", { percent: 50, current: 5, total: 10 }],
  ])("%j tells it", (line, progress) => {
    expect(findProgress(line)).toMatchObject(progress);
  });

  test.each([
    "all done",
    "2024/05/06 started",
    "src/1/2/file.c",
    "http://host:80/1",
    "HTTP/1.1",
    "5/0",
    "7/3",
    "250%",
    "a1/2b",
  ])("%j tells none", (line) => {
    expect(findProgress(line)).toBeUndefined();
  });

  test("its text is the line without colours", () => {
    expect(findProgress("\u001b[2K\u001b[1m 5/10\u001b[0m files")?.text).toBe("5/10 files");
  });
});
