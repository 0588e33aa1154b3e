// Compiles the packages: `tsc -b`, which does only what has changed, then the bundles, which take no time, and the pages that use them.
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ensureInstalled } from "./install.mjs";
import { withLock } from "./lock.mjs";
import { packages, root } from "./paths.mjs";
import { environment, run } from "./run.mjs";
import { ensureRuntime } from "./runtime.mjs";
import { runAsScript } from "./say.mjs";
import { scriptOf } from "./tool.mjs";

/** @param {string} node @returns {Promise<number>} the exit code of what failed */
export function build(node) {
  return withLock("building", async () => {
    for (const { dir } of packages()) removeStale(join(dir, "dist"), join(dir, "src"));
    const options = { env: environment(node) };
    // A process of its own, since the bundler needs the Node.js that this script may have had to find.
    return (
      (await run(node, [scriptOf("tsc"), "-b"], options)) ||
      (await run(node, [join(root, "scripts", "bundle.mjs")], options)) ||
      (await run(node, [join(root, "packages", "dashboard", "build.mjs")], options))
    );
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
    // The last is what a folder was bundled from, into one file of its name.
    const sources = [".ts", ".tsx", "/main.ts"].map((ending) => join(src, compiled[1] + ending));
    if (!sources.some((source) => existsSync(source))) rmSync(output);
  }
}

await runAsScript(import.meta.url, async () => {
  const node = await ensureRuntime();
  await ensureInstalled(node);
  return build(node);
});
