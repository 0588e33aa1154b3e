import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";

const MAIN = new URL("../../bench/main.mjs", import.meta.url).pathname;

/** @param {readonly string[]} args */
async function bench(args) {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (part) => (text += part));
  const [code] = await once(child, "close");
  const lines = text.split("\n").filter((line) => line.startsWith("{"));
  return { code, text, rows: lines.map((line) => JSON.parse(line)) };
}

test("a benchmark tells each result as a line of JSON, with the machine ahead, and makes a page that asks for nothing", async () => {
  const folder = await mkdtemp(join(tmpdir(), "tidings-bench-test-"));
  const html = join(folder, "page.html");
  const about = ["--quick", "--servers", "tidings", "--transports", "sse", "--readers", "20", "--html", html];
  const { code, text, rows } = await bench(["fanout", ...about]);
  const page = await readFile(html, "utf8");
  await rm(folder, { recursive: true });
  expect(code).toBe(0);
  const [first, ...results] = rows;
  expect(first.machine).toMatchObject({ node: process.version, cores: expect.any(Number) });
  expect(results.map(({ perSecond }) => perSecond)).toContain("saturated");
  for (const row of results) {
    expect(row).toMatchObject({
      bench: "fanout",
      server: "tidings",
      transport: "sse",
      readers: 20,
      bytes: 128,
    });
    expect(row.failed).toBeUndefined();
    expect(row.deliveriesPerSecond).toBeGreaterThan(0);
    expect(row.p99Ms).toBeGreaterThan(0);
  }
  expect(text).toContain("deliveriesPerSecond");
  expect(page).toContain("<polyline");
  expect(page).not.toMatch(/src=|href=|url\(|<script/);
}, 60_000);

test("a benchmark that there is not is told, with those that there are", async () => {
  const { code, text } = await bench(["fast"]);
  expect(code).toBe(2);
  expect(text).toContain("fanout, doubling, single, idle");
});
