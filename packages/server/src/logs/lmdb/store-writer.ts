import { TidingsError } from "@tidings/protocol";
import { closeSync, fsyncSync, mkdirSync, openSync } from "node:fs";
import { dirname, join } from "node:path";
import { checkDataFile } from "./data-file.ts";
import { EPOCH_KEY, FORMAT_KEY, OWNER_KEY } from "./keys.ts";
import {
  isRunning,
  lockedError,
  type Owner,
  readOwner,
  removeOwner,
  thisOwner,
  touchOwner,
  writeOwner,
} from "./owner.ts";
import { readScript, TABLES } from "./script.ts";
import { checkTables, openRoot, openTables, type StoreRoot, type Tables } from "./tables.ts";

const FORMAT = "tidings log 2";
/** Without tables for channels that are compacted by key; those are made when it is opened, and nothing else differs. */
const FORMAT_BEFORE = "tidings log 1";

export interface StoreWriterOptions {
  readonly path: string;
  /** Most bytes of the file that may be in use. `Infinity`: as many as the disk has. */
  readonly maxMapBytes: number;
  /** The epoch of a store that is made now. */
  readonly newEpoch: string;
  /** Whoever opens with the same secret again takes over from itself. */
  readonly secret: string;
}

/** Says that a commit found no room; `code` is LMDB's own for a full map. */
class MapFullError extends Error {
  readonly code = -30_792;
}

/** Writes the store; every call blocks until the disk has it, which is why it lives on a thread of its own. */
export class StoreWriter {
  readonly #options: StoreWriterOptions;
  readonly #root: StoreRoot;
  readonly #tables: Tables;
  readonly #secret: Buffer;

  /** @throws {TidingsError} `LOG_LOCKED`, `CONFIG_INVALID`, `LOG_UNAVAILABLE` */
  constructor(options: StoreWriterOptions) {
    this.#options = options;
    this.#secret = Buffer.from(options.secret);
    makeFolder(options.path);
    const isThere = checkDataFile(join(options.path, "data.mdb"));
    // Before LMDB is opened, since looking may mean to wait, which nobody should with a transaction open.
    const gone = this.#checkFree();
    this.#root = openRoot(options.path, { isReadOnly: false });
    try {
      checkTables(options.path, this.#root);
      this.#tables = this.#root.transactionSync(() => this.#takeOver(gone));
    } catch (error) {
      void this.#root.close();
      throw error;
    }
    if (!isThere) syncFolder(options.path);
  }

  /**
   * Carries a script out as one transaction; when this returns, the disk has it, and when it throws, nothing happened.
   *
   * @throws {Error} with LMDB's or the system's `code`
   * @throws {TidingsError} `LOG_LOCKED` when another process has taken over
   */
  apply(memory: ArrayBuffer, length: number, isGrowing: boolean): void {
    if (isGrowing) this.#checkRoom(length);
    const tables = this.#tables;
    this.#root.transactionSync(() => {
      const owner = tables.store.getBinary(OWNER_KEY);
      if (owner === undefined || !this.#secret.equals(owner)) {
        throw lockedError(this.#options.path, readOwner(this.#options.path));
      }
      readScript(memory, length, (table, key, value) => {
        if (value === undefined) tables[table].removeSync(key);
        else tables[table].putSync(key, value);
      });
    });
  }

  /** Shows other processes that this one is alive. */
  beat(): void {
    try {
      touchOwner(this.#options.path);
    } catch {
      // The file was taken away, or the disk is in trouble: the next commit will tell.
    }
  }

  async close(): Promise<void> {
    await this.#root.close();
    removeOwner(this.#options.path, this.#options.secret);
  }

  /** Makes this process the owner, and the store where there is none: one transaction, so half of it cannot be. */
  #takeOver(gone: Owner | undefined): Tables {
    const { path, newEpoch, secret } = this.#options;
    const owner = readOwner(path);
    if (owner?.secret !== gone?.secret && owner?.secret !== secret) throw lockedError(path, owner);
    const tables = openTables(this.#root);
    const format = tables.store.getBinary(FORMAT_KEY);
    if (format === undefined) {
      tables.store.putSync(FORMAT_KEY, Buffer.from(FORMAT));
      tables.store.putSync(EPOCH_KEY, Buffer.from(newEpoch));
    } else if (String(format) === FORMAT_BEFORE) {
      tables.store.putSync(FORMAT_KEY, Buffer.from(FORMAT));
    } else if (String(format) !== FORMAT) {
      throw formatError(path, String(format));
    }
    writeOwner(path, thisOwner(secret));
    tables.store.putSync(OWNER_KEY, this.#secret);
    return tables;
  }

  /** Answers the owner that is there no more, if there was one. */
  #checkFree(): Owner | undefined {
    const { path, secret } = this.#options;
    const owner = readOwner(path);
    if (owner !== undefined && owner.secret !== secret && isRunning(path, owner))
      throw lockedError(path, owner);
    return owner;
  }

  /**
   * LMDB, as lmdb builds it, grows its map without a bound, so the bound is kept here: pages in use, not the file's
   * size, since the file keeps the pages of what was removed for what comes next.
   */
  #checkRoom(bytes: number): void {
    const { maxMapBytes } = this.#options;
    if (maxMapBytes === Number.POSITIVE_INFINITY) return;
    let used = bytes;
    for (const table of TABLES) {
      const stats = this.#tables[table].getStats() as Record<string, number>;
      const pages = ["treeBranchPageCount", "treeLeafPageCount", "overflowPages"].map(
        (name) => stats[name] ?? 0,
      );
      used += pages.reduce((sum, count) => sum + count, 0) * (stats["pageSize"] ?? 4_096);
    }
    if (used > maxMapBytes)
      throw new MapFullError(`the log would use ${used} bytes; maxMapBytes is ${maxMapBytes}`);
  }
}

function formatError(path: string, format: string): TidingsError {
  return new TidingsError(
    "CONFIG_INVALID",
    `the log in "${path}" has the format "${format.slice(0, 80)}" and this version reads "${FORMAT}"; ` +
      "use the version that wrote it, or name another folder.",
  );
}

function makeFolder(path: string): void {
  try {
    // Messages are for those who may read them, not for everyone with an account on the machine.
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== "EEXIST" && code !== "ENOTDIR") throw error;
    throw new TidingsError(
      "CONFIG_INVALID",
      `"${path}" is a file and not a folder; name a folder for the log.`,
      {},
      error,
    );
  }
}

/** A new file survives a power cut only once its folder knows of it (fsync(2)). */
function syncFolder(path: string): void {
  if (process.platform === "win32") return; // Folders cannot be opened there, and NTFS keeps a journal of names.
  for (const folder of [path, dirname(path)]) {
    const descriptor = openSync(folder, "r");
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  }
}
