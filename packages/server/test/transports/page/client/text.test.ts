import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { commandsFor, quoteForShell } from "../../../../src/transports/page/client/commands.ts";
import { parseExact } from "../../../../src/transports/page/client/exact-json.ts";
import { matches } from "../../../../src/transports/page/client/filter.ts";
import {
  formatBytes,
  formatClock,
  formatDuration,
  plural,
} from "../../../../src/transports/page/client/format.ts";
import {
  bytesOf,
  previewOf,
  splitCursor,
  toGapItem,
  toItem,
} from "../../../../src/transports/page/client/item.ts";
import { oneLine, visibleText } from "../../../../src/transports/page/client/visible-text.ts";

describe("text on the page", () => {
  test("shows control characters as pictures, leaves terminal colours out, and disarms direction marks", () => {
    expect(visibleText("\u001b[1;32mok\u001b[0m\tdone\u0007\u007f")).toBe("ok\tdone␇␡");
    expect(visibleText("a\r\nb\rc")).toBe("a\nb\nc");
    expect(visibleText("\u202eevil")).toBe("\ufffdevil");
  });

  test("one line is never longer than its limit and a mark that it was cut", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary", maxLength: 200 }),
        fc.integer({ min: 1, max: 50 }),
        (text, limit) => {
          const line = oneLine(text, limit);
          expect(line.length).toBeLessThanOrEqual(limit + 1);
          expect(line).not.toMatch(/[\r\n]/);
        },
      ),
    );
  });

  test("times, sizes and counts are in a unit that can be read at a glance", () => {
    expect([400, 59_000, 90_000, 7_200_000, 200_000_000].map(formatDuration)).toEqual([
      "0 s",
      "59 s",
      "2 min",
      "2 h",
      "2 d",
    ]);
    expect([999, 1_536, 2_500_000].map(formatBytes)).toEqual(["999 B", "1.5 KB", "2.5 MB"]);
    expect([plural(1, "message"), plural(1_234, "message")]).toEqual(["1 message", "1,234 messages"]);
  });

  test("a time of another day has its date", () => {
    const noon = new Date(2_026, 0, 5, 12, 0, 0, 7).getTime();
    expect(formatClock(noon, noon)).toBe("12:00:00.007");
    expect(formatClock(noon, noon + 86_400_000)).toBe("Jan 5 12:00:00");
    expect(formatClock(Number.NaN, noon)).toBe("—");
  });
});

describe("JSON", () => {
  test.each(["12345678901234567890", "1e400", '{"a":[9007199254740993,0.5,null,"12345678901234567890"]}'])(
    "%s is written again as it was sent",
    (text) => {
      expect(JSON.stringify(parseExact(text))).toBe(text);
    },
  );

  test("any JSON value survives", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(JSON.stringify(parseExact(text))).toBe(JSON.stringify(JSON.parse(text)));
      }),
    );
  });
});

describe("the filter", () => {
  const item = toItem({
    type: "message",
    channel: "c",
    cursor: "e.1",
    event: "stdout",
    key: "Unit",
    time: "2026-01-01T00:00:00.000Z",
    data: { Text: "Hello" },
  });

  test.each(["hello", "STDOUT".toLowerCase(), "unit", "e.1"])(
    "finds %s in payload, event, key or cursor",
    (text) => {
      expect(matches(item, { text, events: new Set() })).toBe(true);
    },
  );

  test("hides what matches neither, and never a gap", () => {
    expect(matches(item, { text: "bye", events: new Set() })).toBe(false);
    expect(matches(item, { text: "", events: new Set(["stderr"]) })).toBe(false);
    const gap = toGapItem({ reason: "expired", from: "e.1", to: "e.5", missed: 4 });
    expect(matches(gap, { text: "bye", events: new Set(["stderr"]) })).toBe(true);
  });
});

test("lines for a shell are quoted so that it changes nothing in them", () => {
  expect(quoteForShell("it's $HOME")).toBe(String.raw`'it'\''s $HOME'`);
  expect(commandsFor("https://host/channels/$sys").find(({ label }) => label === "WebSocket")?.line).toBe(
    "npx wscat -c 'wss://host/channels/$sys'",
  );
});

test("base64 tells how many bytes it stands for", () => {
  expect(["", "YQ==", "YWI=", "YWJj"].map(bytesOf)).toEqual([0, 1, 2, 3]);
});

test("a cursor is parted at its last dot", () => {
  expect(splitCursor("k3x9f2ab.42")).toEqual({ epoch: "k3x9f2ab", offset: 42 });
});

describe("a message whose payload is not in it", () => {
  const head = { type: "message", channel: "c", cursor: "e.1", time: "2026-01-01T00:00:00.000Z" } as const;
  const artifact = { url: "/artifacts/a1", size: 1_500_000, type: "text/csv", sha256: "ab" };

  test("is shown by its artifact and its preview", () => {
    const shown = (preview?: unknown): string =>
      previewOf(toItem({ ...head, artifact, ...(preview === undefined ? {} : { preview }) }).payload);
    expect(shown()).toBe("1.5 MB of text/csv");
    expect(shown("a,b\nc")).toBe("1.5 MB of text/csv · a,b ⏎ c");
    expect(shown({ rows: 3 })).toBe('1.5 MB of text/csv · {"rows":3}');
    expect(shown(null)).toBe("1.5 MB of text/csv · null");
  });

  test("is shown by what it says beside the artifact, where it says anything", () => {
    const { payload } = toItem({ ...head, artifact, data: { name: "a.csv" } });
    expect(previewOf(payload)).toBe('1.5 MB of text/csv · {"name":"a.csv"}');
    expect(payload.hasData).toBe(true);
    expect(previewOf(toItem({ ...head, artifact, data: null }).payload)).toBe("1.5 MB of text/csv · null");
  });

  test("or is said to delete its key", () => {
    expect(previewOf(toItem({ ...head, key: "k", deleted: true }).payload)).toBe("deleted");
  });
});
