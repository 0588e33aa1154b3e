import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LogIndex } from "../../server/log-index.ts";
import { LinesReader } from "../../server/run/lines-reader.ts";
import { EVENT_LIMITS } from "../../shared/events.ts";
import { EventsFile } from "../../supervisor/events-file.ts";
import { LineSplitter } from "../../supervisor/lines.ts";
import { LogFile, MAX_LINE_BYTES } from "../../supervisor/log-file.ts";

async function folder(): Promise<AsyncDisposable & { readonly path: (name: string) => string }> {
  const root = await mkdtemp(join(tmpdir(), "evals-lines-"));
  return {
    path: (name) => join(root, name),
    [Symbol.asyncDispose]: async () => rm(root, { recursive: true }),
  };
}

function split(bytes: Buffer, cuts: readonly number[], maxBytes: number): string[] {
  const lines: string[] = [];
  const splitter = new LineSplitter(maxBytes, (line) => lines.push(line.toString()));
  const places = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
  for (const [at, to] of places.slice(1).entries()) splitter.push(bytes.subarray(places[at], to));
  splitter.end();
  return lines;
}

describe("lines of an output", () => {
  const STREAM = Buffer.from("one\r\ntwo\n\nüñí😀 thrée\nlonger than ten 😀😀😀\nlast");

  test("where the pipe cuts it never changes them", () => {
    const whole = split(STREAM, [], 1_000);
    expect(whole).toEqual(["one", "two", "", "üñí😀 thrée", "longer than ten 😀😀😀", "last"]);
    fc.assert(
      fc.property(
        fc.array(fc.nat(STREAM.length)),
        fc.constantFrom(10, 11, 12, 13, 1_000),
        (cuts, maxBytes) => {
          expect(split(STREAM, cuts, maxBytes)).toEqual(split(STREAM, [], maxBytes));
        },
      ),
    );
  });

  test("one above its bound goes on in the next, cut between two characters", () => {
    expect(split(Buffer.from("😀😀😀\nab"), [], 10)).toEqual(["😀😀", "😀", "ab"]);
    expect(split(Buffer.from("0123456789\n"), [], 10)).toEqual(["0123456789"]);
    expect(split(Buffer.from("0123456789a\n"), [], 10)).toEqual(["0123456789", "a"]);
  });

  test("have levels; one of exactly 8 KiB is whole, and one byte more begins another", async () => {
    await using files = await folder();
    const log = new LogFile(files.path("log"), 1_000_000);
    const out = log.reader("info");
    out.push(
      Buffer.from(
        `[debug] a\n[error]b\n[loud] c\n${"x".repeat(MAX_LINE_BYTES)}\n${"y".repeat(MAX_LINE_BYTES + 1)}\n`,
      ),
    );
    out.end();
    const lines = (await readFile(files.path("log"), "utf8")).trimEnd().split("\n");
    expect(lines.map((line) => line.slice(25, 36))).toEqual(
      ["debug a", "error b", "info [loud] ", "info xxxxxx", "info yyyyyy", "info y"].map((line) =>
        line.slice(0, 11),
      ),
    );
    expect(log.bytes).toBe(Buffer.byteLength(`${lines.join("\n")}\n`));
  });
});

describe("events of an evaluation", () => {
  test("are kept where they are what they must be, and told where they are not", async () => {
    await using files = await folder();
    const faults: string[] = [];
    const replies: string[] = [];
    await writeFile(files.path("a.txt"), "a");
    const events = new EventsFile({
      path: files.path("events"),
      work: files.path("."),
      onReply: ({ id }) => replies.push(id),
      onFault: (text) => faults.push(text),
    });
    const fd3 = events.reader();
    const padding = (bytes: number): string => {
      const start = '{"type":"result","data":"';
      return `${start}${"x".repeat(bytes - start.length - 2)}"}`;
    };
    const said = [
      '{"type":"metric","name":"loss","step":1,"value":0.5}',
      '{"type":"metric","name":"loss","step":1}',
      "not JSON",
      '{"type":"reply","id":"1","ok":true}',
      '{"type":"artifact","name":"a.txt","path":"a.txt","mediaType":"text/plain"}',
      '{"type":"artifact","name":"p","path":"../../../../../../etc/passwd","mediaType":"text/plain"}',
      '{"type":"artifact","name":"n","path":"none","mediaType":"text/plain"}',
      padding(EVENT_LIMITS.maxEventBytes),
      padding(EVENT_LIMITS.maxEventBytes + 1),
      '{"type":"resumed"}',
    ];
    fd3.push(Buffer.from(`${said.join("\n")}\n`));
    const kept = (await readFile(files.path("events"), "utf8")).trimEnd().split("\n");
    expect(kept.map((line) => (JSON.parse(line) as { type: string }).type)).toEqual([
      "metric",
      "artifact",
      "result",
      "resumed",
    ]);
    expect(replies).toEqual(["1"]);
    expect(faults).toEqual([
      expect.stringContaining("value"),
      expect.stringContaining("not JSON"),
      expect.stringMatching(/"p" (?:is not in EVAL_RUN_DIR|has no file)/),
      expect.stringContaining('"n" has no file'),
      expect.stringContaining(`more than ${EVENT_LIMITS.maxEventBytes} bytes`),
    ]);
  });
});

describe("lines of a file", () => {
  test("are read whole, however long, and the last one once it has ended", async () => {
    await using files = await folder();
    const path = files.path("log");
    const long = "x".repeat(100);
    await writeFile(path, `a\n${long}\nb\nc`);
    const reader = await LinesReader.open(path, 0, 16);
    const parts: string[] = [];
    for (let part = await reader.next(1_000); part !== undefined; part = await reader.next(1_000))
      parts.push(part.text);
    expect(parts.join("\n")).toBe(`a\n${long}\nb`);
    expect(reader.position).toBe(105);
    await writeFile(path, "\n", { flag: "a" });
    // Not beyond what it is told that there is.
    expect(await reader.next(106)).toBeUndefined();
    expect(await reader.next(107)).toEqual({ text: "c", end: 107 });
    await reader.close();
  });

  test("are found by number over the noted offsets, also those that came since", async () => {
    await using files = await folder();
    const path = files.path("log");
    const lines = (from: number, to: number): string[] =>
      Array.from({ length: to - from + 1 }, (_, at) => `2026-01-01T00:00:00.000Z info line ${from + at}`);
    const index = new LogIndex(path);
    expect(await index.lines(1, 10)).toEqual({ from: 1, lines: [], total: 0 });
    await writeFile(path, `${lines(1, 2_000).join("\n")}\n${lines(2_001, 2_001)[0]}`);
    expect(await index.lines(1_999, 10)).toEqual({ from: 1_999, lines: lines(1_999, 2_000), total: 2_000 });
    await writeFile(path, `\n${lines(2_002, 3_500).join("\n")}\n`, { flag: "a" });
    for (const from of [1, 1_000, 1_001, 2_000, 2_001, 3_001, 3_500])
      expect((await index.lines(from, 2)).lines).toEqual(lines(from, Math.min(3_500, from + 1)));
    expect((await index.lines(3_501, 2)).lines).toEqual([]);
    const found = await index.search({ text: "LINE 100", after: 0, limit: 3 });
    expect(found).toMatchObject({ matches: [{ line: 100 }, { line: 1_000 }, { line: 1_001 }], next: 1_001 });
  });
});
