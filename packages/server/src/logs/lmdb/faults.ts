import { TidingsError } from "@tidings/protocol";
import { statfs } from "node:fs/promises";
import { constants } from "node:os";
import { type Fault, WriterError } from "./writer.ts";

const MDB_PANIC = -30_795;
const MDB_MAP_FULL = -30_792;
const FULL: ReadonlySet<unknown> = new Set([
  MDB_MAP_FULL,
  ...withName("ENOSPC"),
  ...withName("EDQUOT"), // The user's share of the disk.
  ...withName("EFBIG"), // The largest file that the file system or `ulimit -f` allows.
]);
const SHORT_WRITE: ReadonlySet<unknown> = new Set(withName("EIO"));
/** LMDB wants a write of a few pages to succeed or fail as a whole; below so many free bytes it may do neither. */
const NEARLY_FULL_BYTES = 4_194_304;

/** What to tell the publishers of a group that could not be committed. */
export async function commitError(path: string, error: unknown): Promise<TidingsError> {
  const known = knownError(error);
  if (known !== undefined) return known;
  const { code, message } = faultOf(error);
  if (await isFull(path, error)) {
    const what = code === MDB_MAP_FULL ? message : `the disk under "${path}" is full (${message})`;
    const advice = "nothing was appended. Make room, or lower the retention, and publish again.";
    return new TidingsError("LOG_FULL", `${what}; ${advice}`, {}, error);
  }
  return new TidingsError(
    "LOG_UNAVAILABLE",
    `the log in "${path}" could not be written (${message}); nothing was acknowledged. Publish again.`,
    {},
    error,
  );
}

/** What to tell whoever opens a log that does not open. */
export async function openError(path: string, error: unknown): Promise<TidingsError> {
  const known = knownError(error);
  if (known !== undefined) return known;
  const { message } = faultOf(error);
  if (await isFull(path, error)) {
    const what = `the log in "${path}" could not be opened, since its disk is full (${message})`;
    return new TidingsError("LOG_FULL", `${what}; make room and start again.`, {}, error);
  }
  const what = `the log in "${path}" could not be opened (${message})`;
  return new TidingsError(
    "LOG_UNAVAILABLE",
    `${what}; see to the folder and its disk, and start again.`,
    {},
    error,
  );
}

function knownError(error: unknown): TidingsError | undefined {
  if (error instanceof TidingsError) return error;
  const { tidings, message } = faultOf(error);
  return tidings === undefined ? undefined : new TidingsError(tidings, message, {}, error);
}

function faultOf(error: unknown): Fault {
  if (error instanceof WriterError) return error.fault;
  return { message: error instanceof Error ? error.message : String(error) };
}

/**
 * Whether a commit could not even begin, since LMDB has to be opened anew: it failed to write a meta page (MDB_PANIC),
 * after which lmdb begins transactions that are none (its `beginTxn` drops the error), so that each put has EINVAL.
 */
export function isFatal(error: unknown): boolean {
  const code = error instanceof WriterError ? error.fault.code : undefined;
  return code === MDB_PANIC || code === constants.errno.EINVAL;
}

/** Whether a commit failed for want of room. */
export async function isFull(path: string, error: unknown): Promise<boolean> {
  const { code } = faultOf(error);
  if (FULL.has(code)) return true;
  if (!SHORT_WRITE.has(code)) return false;
  // LMDB says EIO for a write of which the disk took only a part, which a nearly full one does.
  try {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize < NEARLY_FULL_BYTES;
  } catch {
    return false;
  }
}

/** LMDB gives the system's numbers, Node.js their names. */
function withName(name: "ENOSPC" | "EDQUOT" | "EFBIG" | "EIO"): readonly (string | number)[] {
  return [name, constants.errno[name]];
}

export function closedError(): TidingsError {
  return new TidingsError("LOG_UNAVAILABLE", "the log is closed; the server is going down.");
}

export function behindError(bytes: number): TidingsError {
  return new TidingsError(
    "LOG_UNAVAILABLE",
    `more than ${bytes} bytes wait for the log's disk, which is slower than what is published; publish again later.`,
  );
}

export function readError(channel: string, error: unknown): TidingsError {
  const what = channel === "" ? "the log" : `channel "${channel}" of the log`;
  const why = error instanceof Error ? error.message : String(error);
  return new TidingsError("LOG_UNAVAILABLE", `${what} could not be read (${why}).`, {}, error);
}
