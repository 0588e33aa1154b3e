// Processes of a benchmark: each on a core of its own where `taskset` exists, and called by name over IPC.
import { spawn, spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";

const CORES = availableParallelism();
const canPin = CORES > 1 && spawnSync("taskset", ["-V"]).status === 0;
/** The server has the first core to itself; whoever loads it has the others. */
export const PINS = canPin ? { server: "0", load: CORES > 2 ? `1-${CORES - 1}` : "1" } : {};

/** @param {string | undefined} core @param {string} command @param {readonly string[]} args */
function pinned(core, command, args) {
  return core === undefined ? [command, args] : ["taskset", ["-c", core, command, ...args]];
}

/**
 * Starts any program; without a role on any core.
 * @param {keyof typeof PINS | undefined} role @param {string} command @param {readonly string[]} args @param {object} [options]
 */
export function startProgram(role, command, args, options) {
  const [file, all] = pinned(role && PINS[role], command, args);
  return spawn(file, all, { stdio: ["ignore", "ignore", "inherit"], ...options });
}

/**
 * Starts a script of ours that answers calls; without a role on any core.
 * @param {"server" | "load" | undefined} role @param {URL} script @param {readonly string[]} [args] @param {readonly string[]} [execArgs]
 */
export function startChild(role, script, args = [], execArgs = []) {
  const [file, all] = pinned(role && PINS[role], process.execPath, [...execArgs, script.pathname, ...args]);
  const child = spawn(file, all, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  let ids = 0;
  /** @type {Map<number, { resolve: (value: any) => void, reject: (error: Error) => void }>} */
  const waiting = new Map();
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.on("message", ({ id, value, error }) => {
    const each = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) each?.resolve(value);
    else each?.reject(new Error(error));
  });
  child.once("exit", (code, signal) => {
    for (const { reject } of waiting.values())
      reject(new Error(`${script.pathname.split("/").at(-1)} ended (${code ?? signal}).`));
    waiting.clear();
  });
  return {
    pid: child.pid,
    /** @param {string} name @param {...any} args @returns {Promise<any>} */
    call(name, ...args) {
      return new Promise((resolve, reject) => {
        if (!child.connected) return reject(new Error("the process has ended."));
        const id = ++ids;
        waiting.set(id, { resolve, reject });
        child.send({ id, name, args });
      });
    },
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
      await ended;
    },
  };
}

/** In such a child: what can be called. It ends with its parent. @param {Record<string, (...args: any[]) => any>} calls */
export function answer(calls) {
  process.on("disconnect", () => process.exit());
  /** @param {{ id: number, name: string, args: readonly any[] }} call */
  const reply = async ({ id, name, args }) => {
    try {
      process.send?.({ id, value: await calls[name](...args) });
    } catch (error) {
      process.send?.({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  };
  process.on("message", (call) => void reply(call));
}

/** @param {number} ms @returns {Promise<void>} */
export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
