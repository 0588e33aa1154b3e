import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { PINS } from "./child.mjs";

const root = new URL("../../", import.meta.url);

/** What every result is told with: the hardware, and the versions of what was measured. */
export const machine = {
  node: process.version,
  cpu: cpus()[0]?.model.trim(),
  cores: cpus().length,
  memoryGb: Math.round(totalmem() / 2 ** 30),
  kernel: release(),
  pins: PINS,
  tidings: JSON.parse(readFileSync(new URL("packages/server/package.json", root), "utf8")).version,
  commit: commit(),
};

function commit() {
  try {
    return execFileSync("git", ["describe", "--always", "--dirty"], { cwd: root, encoding: "utf8" }).trim();
  } catch {
    return undefined;
  }
}
