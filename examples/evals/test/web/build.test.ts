import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { buildWeb } from "../../web/build.mjs";

/** Gzipped bytes of script of all pages together; the aim of the issue is 150,000. */
const MAX_SCRIPT_BYTES = 90_000;

describe("the built pages", () => {
  test("are built once for what they are made of, also by two at once", async () => {
    const [one, two] = await Promise.all([buildWeb(), buildWeb()]);
    expect(two).toBe(one);
    const before = await stat(join(one, "index.html"));
    expect(await buildWeb()).toBe(one);
    expect((await stat(join(one, "index.html"))).mtimeMs).toBe(before.mtimeMs);
  });

  test("have each file that the page names, among them the script that sets its colours before the first paint", async () => {
    const folder = await buildWeb();
    const html = await readFile(join(folder, "index.html"), "utf8");
    const named = [...html.matchAll(/(?:src|href)="\/([^"]+)"/g)].map(([, path = ""]) => path);
    expect(named).toContain("assets/theme.js");
    for (const path of named) expect((await stat(join(folder, path))).size).toBeGreaterThan(0);
  });

  test("have little script, and none of it, nor a style, within the page: its policy forbids that", async () => {
    const folder = await buildWeb();
    const html = await readFile(join(folder, "index.html"), "utf8");
    expect(html).not.toMatch(/<style|\sstyle=|\son[a-z]+=|<script(?![^>]* src=)/);
    const assets = await readdir(join(folder, "assets"));
    const scripts = assets.filter((name) => name.endsWith(".js"));
    const texts = await Promise.all(
      scripts.map(async (name) => readFile(join(folder, "assets", name), "utf8")),
    );
    const here = join(import.meta.dirname, "../../web");
    expect(texts.some((text) => text.includes(here))).toBe(false); // nor who built it where
    const sizes = texts.map((text) => gzipSync(text).length);
    expect(sizes.length).toBeGreaterThan(1); // plots are loaded when they are looked at
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(MAX_SCRIPT_BYTES);
  });
});
