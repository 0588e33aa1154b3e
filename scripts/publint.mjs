// Looks at each package as npm would pack it: publint for its manifest, attw for its types.
import { build } from "./build.mjs";
import { ensureInstalled } from "./install.mjs";
import { packages } from "./paths.mjs";
import { environment, run } from "./run.mjs";
import { ensureRuntime } from "./runtime.mjs";
import { runAsScript, say } from "./say.mjs";
import { scriptOf } from "./tool.mjs";

/**
 * Needs the packages to be built.
 * @param {string} node
 * @returns {Promise<number>} how many looks found something
 */
export async function lintPackages(node) {
  const options = { env: environment(node) };
  let failed = 0;
  for (const { dir, manifest } of packages()) {
    if (manifest.private) continue;
    say(`the package ${manifest.name} as npm would pack it`);
    if ((await run(node, [scriptOf("publint"), "--strict", dir], options)) !== 0) failed += 1;
    if ((await run(node, [scriptOf("attw"), "--pack", dir, "--profile", "esm-only"], options)) !== 0)
      failed += 1;
  }
  return failed;
}

await runAsScript(import.meta.url, async () => {
  const node = await ensureRuntime();
  await ensureInstalled(node);
  return (await build(node)) || (await lintPackages(node));
});
