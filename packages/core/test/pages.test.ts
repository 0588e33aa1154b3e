import { toOffset } from "@tidings/protocol";
import { expect, test } from "vitest";
import { eventFilter, type LogPage } from "../src/index.ts";
import { Pages } from "../src/pages.ts";
import { CountingFormat, cursor, number, openHub, settled, text } from "./support/fixtures.ts";
import { startReader } from "./support/recording-sink.ts";

const SOURCE = { channel: "c", epoch: "e1" };

/** A page of these offsets; odd ones are of event `x`. */
function pageOf(...offsets: readonly number[]): LogPage {
  const messages = offsets.map((of) => ({
    ...number(of, of % 2 === 1 ? "x" : "y"),
    offset: toOffset(of),
    timeMs: 0,
  }));
  return { epoch: "e1", head: toOffset(100), earliest: toOffset(1), messages };
}

function open(maxBytes = 1_000_000): Pages {
  return new Pages(maxBytes, (size) => new Uint8Array(size));
}

test("readers that read the same place of the log are handed the same bytes, encoded once", async () => {
  const { hub, log } = openHub({ recentBytes: 0 });
  await log.append(
    "c",
    Array.from({ length: 100 }, (_, at) => number(at)),
  );
  const format = new CountingFormat();
  const start = { at: "cursor", cursor: cursor("e1", 10) } as const;
  const readers = Array.from({ length: 50 }, () =>
    startReader(hub, { format, start, limits: { maxMessages: 30, maxBytes: 1_000_000 } }),
  );
  for (let pages = 0; pages < 3; pages++) await settled();
  for (const { told } of readers) expect(told.slice(1, -1).join("").split(";")).toHaveLength(91);
  expect(format.writes).toBe(90);
});

test("a page is encoded anew where the log has lost a part of it, or begins another life", () => {
  const pages = open();
  const format = new CountingFormat();
  const read = (page: LogPage, epoch = "e1"): string =>
    text(pages.encode(format, undefined, page, { channel: "c", epoch }).bytes);
  expect(read(pageOf(1, 2, 3))).toBe("c/1=1;c/2=2;c/3=3;");
  expect(read(pageOf(1, 2, 3))).toBe("c/1=1;c/2=2;c/3=3;");
  expect(format.writes).toBe(3);
  expect(read(pageOf(1, 3))).toBe("c/1=1;c/3=3;");
  expect(read(pageOf(1, 2))).toBe("c/1=1;c/2=2;");
  expect(format.writes).toBe(7);
  expect(read(pageOf(1, 2), "e2")).toBe("c/1=1;c/2=2;");
  expect(format.writes).toBe(9);
});

test("formats, filters and channels have pages of their own", () => {
  const pages = open();
  const page = pageOf(1, 2, 3);
  const read = (name: string, events: readonly string[], channel: string): string =>
    text(pages.encode(new CountingFormat(name), eventFilter(events), page, { ...SOURCE, channel }).bytes);
  const formats = ["a", "b"].map((name) => new CountingFormat(name));
  for (const format of formats) pages.encode(format, undefined, page, SOURCE);
  expect(formats.map(({ writes }) => writes)).toEqual([3, 3]);
  expect(read("a", ["x"], "c")).toBe("c/1=1;c/3=3;");
  expect(read("a", ["y"], "c")).toBe("c/2=2;");
  expect(read("a", [], "d")).toBe("d/1=1;d/2=2;d/3=3;");
});

test("those that were used last stay, within the bytes", () => {
  const pages = open(4_000);
  const format = new CountingFormat();
  const read = (first: number): void =>
    void pages.encode(format, undefined, pageOf(first, first + 1), SOURCE);
  read(1);
  for (let first = 10; first < 1_000; first += 10) {
    read(first);
    read(1);
    expect(pages.bytes).toBeLessThanOrEqual(4_000);
  }
  expect(format.writes).toBe(2 + 99 * 2);
});

test("a limit of 0 holds nothing", () => {
  const pages = open(0);
  pages.encode(new CountingFormat(), undefined, pageOf(1), SOURCE);
  expect(pages.bytes).toBe(0);
});
