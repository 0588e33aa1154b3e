// What users load is bundled: it must be complete, and nothing else.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { clientEntries, fill, fitForHtml, minified } from "../bundle.mjs";

/** @type {string} */
let home;
beforeEach(() => void (home = mkdtempSync(join(tmpdir(), "tidings-bundle-"))));
afterEach(() => rmSync(home, { recursive: true }));

/** @param {string} name @param {string} text */
function file(name, text) {
  writeFileSync(join(home, name), text);
  return join(home, name);
}

test("what the client's package.json exports is what is bundled, each from a source of its name", () => {
  const entries = clientEntries();
  expect(Object.keys(entries)).toContain("sse");
  for (const source of Object.values(entries)) expect(existsSync(source)).toBe(true);
});

test("a module and all that it imports become one file, minified, the protocol's package included", async () => {
  file("a.ts", "export const longName: number = 20 + 1;");
  const main = file(
    "main.ts",
    'import { LineDecoder } from "@tidings/protocol";\nimport { longName } from "./a.ts";\nexport const result: unknown = [LineDecoder, longName * 2];\nexport const later = () => import("./a.ts");',
  );
  const files = await minified("main", main);
  expect([...files.keys()]).toEqual(["main.js"]);
  const code = files.get("main.js") ?? "";
  expect(code).not.toMatch(/\bfrom\s*"|\bimport\s*[{("]|longName\s*=|: number/);
  const { result } = await import(/* @vite-ignore */ `data:text/javascript,${encodeURIComponent(code)}`);
  expect(result[1]).toBe(42);
});

test("an import of what is nowhere fails the build, rather than be left for who loads it", async () => {
  const main = file("main.ts", 'import { a } from "nowhere";\nexport const b = a;');
  await expect(minified("main", main)).rejects.toThrow(/nowhere/);
});

test.each(["</script", "</SCRIPT>", "<!--"])(
  "a script with %s in it is refused, which would end or change it in a page",
  (text) => {
    expect(() => fitForHtml(`const a = "${text}";`)).toThrow(/HTML would read/);
    expect(fitForHtml("const a = 1;")).toBe("const a = 1;");
  },
);

describe("a folder of bundles", () => {
  test("loses what is not made any more, in sub-folders too", () => {
    mkdirSync(join(home, "chunks"));
    file("chunks/old.js", "1");
    file("old.js.map", "{}");
    fill(home, new Map([["chunks/new.js", "2"]]));
    expect(existsSync(join(home, "chunks", "old.js"))).toBe(false);
    expect(existsSync(join(home, "old.js.map"))).toBe(false);
    expect(readFileSync(join(home, "chunks", "new.js"), "utf8")).toBe("2");
  });

  test("keeps a file that is as it should be untouched", () => {
    const kept = file("a.js", "1");
    const before = statSync(kept, { bigint: true });
    fill(home, new Map([["a.js", "1"]]));
    const after = statSync(kept, { bigint: true });
    expect([after.ino, after.mtimeNs]).toEqual([before.ino, before.mtimeNs]);
    fill(home, new Map([["a.js", "2"]]));
    expect(readFileSync(kept, "utf8")).toBe("2");
  });
});
