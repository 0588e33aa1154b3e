// Installs the dependencies of package-lock.json, when node_modules is not already what it says.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withLock } from "./lock.mjs";
import { npm } from "./npm.mjs";
import { root } from "./paths.mjs";
import { ensureRuntime } from "./runtime.mjs";
import { runAsScript, say } from "./say.mjs";

/** Written last, and removed with node_modules itself, so that it never outlives what it speaks of. */
const stamp = join(root, "node_modules", ".tidings-install");

/** @param {string} node path of the Node.js to run npm under */
export async function ensureInstalled(node) {
  if (isCurrent()) return;
  await withLock("installing dependencies", async () => {
    if (isCurrent()) return;
    say("installing dependencies");
    await npm(node, ["ci"], root);
    writeFileSync(stamp, `${wanted()}\n`);
  });
}

function isCurrent() {
  try {
    return readFileSync(stamp, "utf8").trim() === wanted();
  } catch {
    return false;
  }
}

/** What node_modules was made from: the lockfile, and the platform whose binaries are in it. */
function wanted() {
  const lockfile = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
  return `${process.platform}-${process.arch} ${lockfile}`;
}

await runAsScript(import.meta.url, async () => {
  await ensureInstalled(await ensureRuntime());
});
