import { existsSync } from "node:fs";
import { join } from "node:path";
import { headingsOf, readDoc, root, sectionOf } from "@tidings/testing/docs";
import { describe, expect, test } from "vitest";

const threats = readDoc("THREATS.md");
const WITHOUT_TABLE = ["What there is to win", "Not stopped"];
/** A file below packages/, and the title of one of its tests. */
const NAMED = /`([^`]+\.test\.ts)`: “([^”]+)”/g;

describe("THREATS.md", () => {
  for (const heading of headingsOf(threats, 2).filter((each) => !WITHOUT_TABLE.includes(each))) {
    test(`${heading}: each attack has what stops it, and a test that is there`, () => {
      const [, , ...rows] = sectionOf(threats, `## ${heading}`)
        .split("\n")
        .filter((line) => line.startsWith("|"));
      expect(rows.length).toBeGreaterThan(0);
      for (const line of rows) {
        const [attack = "", remedy = "", tests = ""] = line.slice(1, -1).split(" | ");
        expect([attack.trim().length > 4, remedy.trim().length > 4], line).toEqual([true, true]);
        const named = [...tests.matchAll(NAMED)];
        expect(named.length, `${line} names no test`).toBeGreaterThan(0);
        for (const [, file = "", title = ""] of named) {
          expect(existsSync(join(root, "packages", file)), file).toBe(true);
          expect(titlesIn(readDoc(`packages/${file}`)), `${file} has no test “${title}”`).toContain(title);
        }
      }
    });
  }
});

/** Every text that could be a title: what a test is named by is always written out. */
function titlesIn(source: string): readonly string[] {
  const quoted = [...source.matchAll(/"((?:[^"\\\n]|\\.)*)"/g)].map(([, text = ""]) =>
    text.replaceAll('\\"', '"'),
  );
  // In a title that is put together, what stands after its last value.
  const assembled = [...source.matchAll(/`((?:[^`\\])*)`/g)].map(([, text = ""]) =>
    text.replace(/^.*\}\s*/s, ""),
  );
  return [...quoted, ...assembled];
}
