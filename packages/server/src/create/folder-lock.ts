import { randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { TidingsError } from "@tidings/protocol";
import {
  HEARTBEAT_MS,
  isRunning,
  readOwner,
  removeOwner,
  thisOwner,
  touchOwner,
  writeOwner,
} from "../logs/lmdb/owner.ts";

/**
 * Has a folder be one process's alone, where the log does not see to that already: a node that starts removes what it takes
 * for the rest of a crash, which would be what another one is just storing. The answer lets it go.
 *
 * @throws {TidingsError} `LOG_LOCKED`
 */
export function lockFolder(folder: string): () => void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const known = readOwner(folder);
  if (known !== undefined && isRunning(folder, known)) throw lockedError(folder, known.pid);
  const owner = thisOwner(randomUUID());
  writeOwner(folder, owner);
  const winner = readOwner(folder);
  if (winner?.secret !== owner.secret) throw lockedError(folder, winner?.pid);
  const heartbeat = setInterval(() => {
    try {
      touchOwner(folder);
    } catch {
      // The folder is gone, which whoever stores something is told.
    }
  }, HEARTBEAT_MS);
  heartbeat.unref();
  return () => {
    clearInterval(heartbeat);
    removeOwner(folder, owner.secret);
  };
}

function lockedError(folder: string, pid: number | undefined): TidingsError {
  return new TidingsError(
    "LOG_LOCKED",
    `the artifacts in "${folder}" are those of ${pid === undefined ? "another process" : `process ${pid}`}; stop that one first, or give ` +
      "this node a folder of its own (--data). Nodes fetch each other's artifacts.",
  );
}
