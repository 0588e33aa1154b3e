// Runs a tool (`oxlint`) or a script (`packages/…/main.js`) under the project's Node.js, with the
// dependencies installed and the packages built (`--no-build`: not built).
import { build } from "./build.mjs";
import { ensureInstalled } from "./install.mjs";
import { environment, run } from "./run.mjs";
import { ensureRuntime } from "./runtime.mjs";
import { runAsScript } from "./say.mjs";
import { scriptOf } from "./tool.mjs";

await runAsScript(import.meta.url, async () => {
  const args = process.argv.slice(2);
  const toBuild = args[0] !== "--no-build";
  if (!toBuild) args.shift();
  const name = args.shift();
  if (name === undefined)
    throw new Error("usage: node scripts/with-runtime.mjs [--no-build] <tool or script> [arguments]");
  const node = await ensureRuntime();
  await ensureInstalled(node);
  const failed = toBuild ? await build(node) : 0;
  if (failed !== 0) return failed;
  return run(node, [scriptOf(name), ...args], { env: environment(node) });
});
