import { execFile, execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { promisify } from "node:util";

const run = promisify(execFile);
const isLinux = process.platform === "linux";

/**
 * When a process began, as the system says it: with its pid it is no other's. `undefined` where there is none.
 * proc(5): the 22nd field of `stat`, after the name in parentheses, which may hold anything.
 */
export function startOf(pid: number): string | undefined {
  try {
    if (isLinux) {
      const [state, ...fields] = statOf(readFileSync(`/proc/${pid}/stat`, "utf8"));
      // One that has ended stays in the list until its parent looks, which that of an orphan may never do.
      return state === "Z" || state === "X" ? undefined : fields[18];
    }
    const start = execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" }).trim();
    return start === "" ? undefined : start;
  } catch {
    return undefined;
  }
}

/** Resident bytes of all processes of a group. What they share is counted once for each. */
export async function groupMemory(group: number): Promise<number> {
  let kib = 0;
  if (isLinux) {
    for (const pid of pids()) {
      const stat = textOf(`/proc/${pid}/stat`);
      if (stat === undefined || statOf(stat)[2] !== String(group)) continue;
      const rss = /^VmRSS:\s*([0-9]+) kB$/m.exec(textOf(`/proc/${pid}/status`) ?? "");
      kib += Number(rss?.[1] ?? 0);
    }
  } else {
    const { stdout } = await run("ps", ["-A", "-o", "pgid=,rss="]);
    for (const line of stdout.split("\n")) {
      const [id, rss] = line.trim().split(/\s+/);
      if (id === String(group)) kib += Number(rss ?? 0);
    }
  }
  return kib * 1_024;
}

/** Signals a process group; answers whether there was one. */
export function signalGroup(group: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(-group, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw error;
  }
}

/**
 * Ends at once whatever still runs of an evaluation, also what left its process group: on Linux all processes that
 * have its `EVAL_ID` in their environment are known by it. Elsewhere the group alone, and only while its first process
 * is the one that it was.
 */
export async function endProcesses(
  id: string,
  first?: { readonly pid: number; readonly start: string | undefined },
): Promise<void> {
  if (!isLinux) {
    if (first !== undefined && first.start !== undefined && startOf(first.pid) === first.start)
      signalGroup(first.pid, "SIGKILL");
    return;
  }
  // Again until none is left: one may start another while the list is gone through.
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const found = pids().filter((pid) => hasId(pid, id));
    if (found.length === 0) return;
    for (const pid of found) kill(pid);
  }
}

const MAX_ROUNDS = 100;

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

function pids(): number[] {
  return readdirSync("/proc")
    .filter((name) => /^[0-9]+$/.test(name))
    .map(Number);
}

/** A process that has ended and was not waited for has no environment any more. */
function hasId(pid: number, id: string): boolean {
  return pid !== process.pid && `\0${textOf(`/proc/${pid}/environ`) ?? ""}`.includes(`\0EVAL_ID=${id}\0`);
}

/** The fields of `stat` from the third on. */
function statOf(stat: string): readonly string[] {
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

/** Another's process may be gone, or nobody else's to read. */
function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
