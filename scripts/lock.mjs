// One lock for whatever changes the work tree's set-up, so that two scripts started at once do not
// install or build into the same folder together.
import { randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { privateDir } from "./paths.mjs";
import { say } from "./say.mjs";

const pollMs = 150;
const held = join(privateDir, "setup.lock");

/**
 * Runs `work` while holding the lock. A lock whose process is gone is taken over.
 * @template T
 * @param {string} purpose said to a script that has to wait
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(purpose, work) {
  await acquire(purpose);
  try {
    return await work();
  } finally {
    rmSync(held, { recursive: true, force: true });
  }
}

/** @param {string} purpose */
async function acquire(purpose) {
  const token = randomUUID();
  // The lock is a folder that is renamed into place with its owner's name already inside: no other
  // script can ever see a lock without an owner, and a rename onto a folder with content fails.
  const mine = join(privateDir, `setup.${token}`);
  mkdirSync(mine, { recursive: true });
  writeFileSync(join(mine, "owner.json"), JSON.stringify({ pid: process.pid, token, purpose }));
  for (let said = false; ;) {
    if (tryRename(mine, held)) return;
    const owner = readOwner();
    if (owner !== undefined && !isRunning(owner.pid)) {
      // Of several scripts that see the same dead owner, one wins this rename. For the others, and for
      // one that comes late and would move the winner's new lock, the target exists and has content.
      tryRename(held, join(privateDir, `dead.${owner.token}`));
      continue;
    }
    if (!said && owner !== undefined) {
      say(`waiting for process ${owner.pid}: ${owner.purpose}`);
      said = true;
    }
    await sleep(pollMs);
  }
}

/** @returns {{ pid: number, token: string, purpose: string } | undefined} */
function readOwner() {
  try {
    return JSON.parse(readFileSync(join(held, "owner.json"), "utf8"));
  } catch {
    return undefined; // given back just now
  }
}

/** @param {string} from @param {string} to */
function tryRename(from, to) {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    // POSIX says ENOTEMPTY or EEXIST, Windows EPERM; ENOENT when the lock was given back just now.
    if (["ENOTEMPTY", "EEXIST", "EPERM", "EACCES", "ENOENT"].includes(error.code)) return false;
    throw error;
  }
}

/** @param {number} pid */
function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM"; // somebody else's process, but running
  }
}
