// Running other programs.
import { spawn } from "node:child_process";
import { delimiter, dirname } from "node:path";
import { constants } from "node:os";
import { root } from "./paths.mjs";

const forwarded = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]);
/** A signal of the same name within this time is the same one, sent both by a terminal and by npm. */
const sameSignalMs = 1000;

/**
 * The environment in which `node` means the given binary, for all tools and all their children.
 * @param {string} node path of a Node.js binary
 * @returns {NodeJS.ProcessEnv}
 */
export function environment(node) {
  /** @type {NodeJS.ProcessEnv} */
  const env = {};
  for (const [name, value] of Object.entries(process.env)) {
    // What the npm that started us says about this very run would be obeyed by an npm that we start.
    if (/^npm_(lifecycle|package|command$|execpath$|node_execpath$)/.test(name)) continue;
    if (/^npm_config_(local_prefix|prefix|workspaces?|include_workspace_root)$/.test(name)) continue;
    env[name] = value;
  }
  const pathName = Object.keys(env).find((name) => name.toUpperCase() === "PATH") ?? "PATH";
  env[pathName] = `${dirname(node)}${delimiter}${env[pathName] ?? ""}`;
  return env;
}

/** npm passes a signal to the shell between it and us, and a shell dies of it without telling us. */
const orphanCheckMs = 250;

/**
 * Run by npm, ends the child when npm's shell is gone. Run by hand, a script may outlive its shell.
 * @param {import("node:child_process").ChildProcess} child
 */
function stopWhenOrphaned(child) {
  if (process.env.npm_lifecycle_event === undefined) return undefined;
  const parent = process.ppid;
  let isTold = false;
  return setInterval(() => {
    if (process.ppid === parent || isTold) return;
    isTold = true;
    child.kill("SIGTERM");
  }, orphanCheckMs);
}

/**
 * Runs a program to its end with our own standard streams; signals are passed on to it.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, stdio?: import("node:child_process").StdioOptions, shell?: boolean }} [options]
 * @returns {Promise<number>} its exit code; 128 + n when signal n ended it, as a shell says it
 */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: "inherit", ...options });
    /** @type {Map<string, number>} */
    const lastSentAt = new Map();
    /** @param {NodeJS.Signals} signal */
    const forward = (signal) => {
      // A terminal sends Ctrl-C and its own end to the child as well: passed on, they would count twice.
      if (signal !== "SIGTERM" && process.stdin.isTTY) return;
      const now = Date.now();
      if (now - (lastSentAt.get(signal) ?? 0) < sameSignalMs) return;
      lastSentAt.set(signal, now);
      child.kill(signal);
    };
    for (const signal of forwarded) process.on(signal, forward);
    const orphaned = stopWhenOrphaned(child);
    const stopForwarding = () => {
      clearInterval(orphaned);
      for (const signal of forwarded) process.off(signal, forward);
    };
    child.once("error", (error) => {
      stopForwarding();
      reject(error);
    });
    child.once("exit", (code, signal) => {
      stopForwarding();
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}
