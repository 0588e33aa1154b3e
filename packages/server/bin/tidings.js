#!/usr/bin/env node
// The command line's launcher. Plain JavaScript that Node.js 18 can read, because its one job is to get
// from whatever `node` is on the PATH to one that is new enough for the code in ../dist.
import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const program = join(here, "..", "dist", "cli", "main.js");

/** Whether a version such as "22.13.0" is new enough (`engines` in package.json). */
function isNewEnough(version) {
  const [major, minor] = version.split(".").map(Number);
  return major > 22 || (major === 22 && minor >= 13);
}

/** The Node.js that scripts/runtime.mjs has put into the work tree; nothing when installed from npm. */
function privateRuntime() {
  const home = join(here, "..", "..", "..", ".node");
  if (!existsSync(home)) return undefined;
  const system = process.platform === "win32" ? "win" : process.platform;
  return readdirSync(home)
    .map((name) => ({ name, parts: /^node-(?:bin-)?([a-z]+-[a-z0-9]+)-(\d+\.\d+\.\d+)$/.exec(name) }))
    .filter(
      ({ parts }) => parts !== null && parts[1] === `${system}-${process.arch}` && isNewEnough(parts[2]),
    )
    .map(({ name }) => join(home, name, "bin", process.platform === "win32" ? "node.exe" : "node"))
    .filter((path) => existsSync(path))
    .sort()
    .pop();
}

/** Runs this launcher again under another Node.js, and ends as it ends. */
function runAgainWith(node) {
  const child = spawn(node, [...process.execArgv, fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: "inherit",
  });
  const lastSentAt = new Map();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      // A terminal sends Ctrl-C and its own end to the child as well: passed on, they would count twice.
      if (signal !== "SIGTERM" && process.stdin.isTTY) return;
      // npm, too, passes on what the whole group has already been sent.
      if (Date.now() - (lastSentAt.get(signal) || 0) < 1000) return;
      lastSentAt.set(signal, Date.now());
      child.kill(signal);
    });
  }
  child.on("error", (error) => fail(`${node} could not be started: ${error.message}`));
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

function fail(text) {
  process.stderr.write(`tidings: ${text}\n`);
  process.exitCode = 1;
}

if (!existsSync(program)) {
  fail(
    "it is not built yet: run `npm start` in the work tree, which builds and starts the server, or `npm run build`.",
  );
} else if (isNewEnough(process.versions.node)) {
  await import("../dist/cli/main.js");
} else {
  const node = privateRuntime();
  if (node === undefined) {
    fail(
      `Node.js 22.13 or newer is needed and this is ${process.versions.node}: install a newer one, ` +
        "or in a clone of the project run `npm start`, which brings its own.",
    );
  } else {
    runAgainWith(node);
  }
}
