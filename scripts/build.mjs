// Compiles the packages: `tsc -b`, which does only what has changed.
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ensureInstalled } from "./install.mjs";
import { withLock } from "./lock.mjs";
import { packages } from "./paths.mjs";
import { environment, run } from "./run.mjs";
import { ensureRuntime } from "./runtime.mjs";
import { runAsScript } from "./say.mjs";
import { scriptOf } from "./tool.mjs";

/** @param {string} node @returns {Promise<number>} tsc's exit code */
export function build(node) {
  return withLock("building", async () => {
    for (const { dir } of packages()) removeStale(join(dir, "dist"), join(dir, "src"));
    return run(node, [scriptOf("tsc"), "-b"], { env: environment(node) });
  });
}

/**
 * Removes what was compiled from sources that are gone: `tsc -b` leaves it there, where it would still
 * be imported, tested and packed.
 * @param {string} dist @param {string} src
 */
function removeStale(dist, src) {
  if (!existsSync(dist)) return;
  for (const entry of readdirSync(dist, { withFileTypes: true })) {
    const output = join(dist, entry.name);
    if (entry.isDirectory()) {
      removeStale(output, join(src, entry.name));
      if (readdirSync(output).length === 0) rmSync(output, { recursive: true });
      continue;
    }
    const compiled = /^(.+?)\.(?:d\.ts|js)(?:\.map)?$/.exec(entry.name);
    if (compiled === null) continue; // not the compiler's
    const sources = [".ts", ".tsx"].map((ending) => join(src, compiled[1] + ending));
    if (!sources.some((source) => existsSync(source))) rmSync(output);
  }
}

await runAsScript(import.meta.url, async () => {
  const node = await ensureRuntime();
  await ensureInstalled(node);
  return build(node);
});
