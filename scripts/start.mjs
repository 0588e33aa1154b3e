// `npm start`: from a fresh clone to a running server. Arguments go to `tidings serve`.
import { join } from "node:path";
import { build } from "./build.mjs";
import { ensureInstalled } from "./install.mjs";
import { root } from "./paths.mjs";
import { environment, run } from "./run.mjs";
import { ensureRuntime } from "./runtime.mjs";
import { runAsScript, say } from "./say.mjs";

await runAsScript(import.meta.url, async () => {
  const node = await ensureRuntime();
  await ensureInstalled(node);
  say("building");
  const failed = await build(node);
  if (failed !== 0) {
    say("the build failed, so there is nothing to start; the compiler's report is above.");
    return failed;
  }
  say("starting the server");
  const launcher = join(root, "packages", "server", "bin", "tidings.js");
  return run(node, [launcher, "serve", ...process.argv.slice(2)], { env: environment(node) });
});
