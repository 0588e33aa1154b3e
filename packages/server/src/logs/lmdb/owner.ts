/**
 * Who has the folder open. Two processes that append to one log would hand the same offsets out.
 *
 * Two things together, since neither is enough alone. A file `owner.json` says who it is, so that a second process is
 * told so and one that was killed is no obstacle. And the store holds the owner's secret, which every commit compares
 * inside its own transaction: should the file's word ever be wrong (an owner stopped for minutes, a container whose
 * processes cannot be seen), the one that was taken over from can commit nothing any more.
 */
import { TidingsError } from "@tidings/protocol";
import { readFileSync, readlinkSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";

export interface Owner {
  readonly secret: string;
  readonly pid: number;
  /** When the process began, as the system counts it; `null` where it does not say. A number of a process is used again. */
  readonly began: string | null;
  /** The machine, its boot, and the set of processes that can see each other. */
  readonly place: string;
}

/** How often the owner touches its file, in milliseconds. */
export const HEARTBEAT_MS = 1_000;
/** An owner whose process cannot be looked up is taken for gone after so long without a heartbeat, in milliseconds. */
const SILENCE_MS = 5_000;
const FILE = "owner.json";

/** What this process would write into the file. */
export function thisOwner(secret: string): Owner {
  return { secret, pid: process.pid, began: beginningOf(process.pid), place: thisPlace() };
}

export function readOwner(folder: string): Owner | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, FILE), "utf8")) as Owner;
  } catch {
    return undefined; // Not there, or half of one from a crash: nobody's.
  }
}

/** Inside a transaction, so that two cannot take over at once. */
export function writeOwner(folder: string, owner: Owner): void {
  // Nobody else writes it meanwhile: LMDB's lock for writing is held.
  const temporary = join(folder, `${FILE}.new`);
  writeFileSync(temporary, `${JSON.stringify(owner)}\n`);
  renameSync(temporary, join(folder, FILE));
}

export function touchOwner(folder: string): void {
  const now = new Date();
  utimesSync(join(folder, FILE), now, now);
}

/** Takes the file away, if it is still this owner's. */
export function removeOwner(folder: string, secret: string): void {
  if (readOwner(folder)?.secret === secret) rmSync(join(folder, FILE), { force: true });
}

/** Whether an owner still runs; waits for its heartbeat where nothing else can tell, so only a thread may ask. */
export function isRunning(folder: string, owner: Owner): boolean {
  if (owner.place === thisPlace()) {
    if (owner.began !== null) return beginningOf(owner.pid) === owner.began;
    if (!isProcess(owner.pid)) return false;
  }
  const beat = lastBeat(folder);
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (let waitedMs = 0; Math.abs(Date.now() - beat) < SILENCE_MS && waitedMs < SILENCE_MS; waitedMs += 100) {
    Atomics.wait(pause, 0, 0, 100);
    if (lastBeat(folder) !== beat) return true;
  }
  return false;
}

export function lockedError(folder: string, owner: Owner | undefined): TidingsError {
  const who = owner === undefined ? "another process" : `process ${owner.pid}`;
  return new TidingsError(
    "LOG_LOCKED",
    `the log in "${folder}" is open in ${who}; stop that one first, or give this one a folder of its own.`,
  );
}

function lastBeat(folder: string): number {
  try {
    return statSync(join(folder, FILE)).mtimeMs;
  } catch {
    return 0;
  }
}

function isProcess(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"; // There, and somebody else's.
  }
}

/** Linux: the 22nd field of `/proc/[pid]/stat`, counted after the name, which may hold anything (proc_pid_stat(5)). */
function beginningOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null;
  } catch {
    return null;
  }
}

function thisPlace(): string {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return `${boot} ${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    return hostname();
  }
}
