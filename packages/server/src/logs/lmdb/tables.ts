import { type Database, open, type RootDatabase } from "lmdb";
import { TidingsError } from "@tidings/protocol";
import { type Table, TABLES } from "./script.ts";

type StoreTable = Database<Buffer, Uint8Array>;
export type Tables = Readonly<Record<Table, StoreTable>>;

/**
 * Address space to begin with, in bytes; none of it is memory or disk until it is used. LMDB takes more by itself when
 * the store outgrows it, and leaves the old mapping in place then, which is why it should not begin with little.
 */
const MAP_BYTES = 17_179_869_184;

/** The root of a store: what holds its tables. */
export type StoreRoot = RootDatabase<Buffer, Uint8Array>;

const BINARY = { keyEncoding: "binary", encoding: "binary" } as const;

/**
 * Opens LMDB on a folder. The writer's thread and the main thread each do, and share one environment of the process.
 *
 * `overlappingSync` is off: with it, lmdb's commit is visible before it is on the disk, and one whose flush fails stays
 * visible. Without it, a commit is LMDB's own order: data pages, fdatasync, then the meta page through a file opened
 * with O_DSYNC. When it returns, it is on the disk; when it throws, nothing has happened.
 */
export function openRoot(path: string, options: { readonly isReadOnly: boolean }): StoreRoot {
  return open<Buffer, Uint8Array>({
    ...BINARY,
    path,
    noSubdir: false,
    overlappingSync: false,
    readOnly: options.isReadOnly,
    mapSize: MAP_BYTES,
    maxDbs: TABLES.length,
  });
}

/** Opens the tables; inside a transaction, makes them where they are not there. */
export function openTables(root: StoreRoot): Tables {
  const table = (name: Table): StoreTable => {
    const opened = root.openDB<Buffer, Uint8Array>({ ...BINARY, name });
    // lmdb answers undefined for a table that a read-only store does not have, although its type says otherwise.
    if ((opened as StoreTable | undefined) === undefined) throw new Error(`the store has no table "${name}"`);
    return opened;
  };
  return {
    store: table("store"),
    channels: table("channels"),
    blocks: table("blocks"),
    keys: table("keys"),
    expiry: table("expiry"),
    newest: table("newest"),
    rest: table("rest"),
  };
}

/**
 * Leaves another program's store as it is: the root of an LMDB store lists its tables.
 *
 * @throws {TidingsError} `CONFIG_INVALID`
 */
export function checkTables(path: string, root: StoreRoot): void {
  // lmdb ends the names with a NUL.
  const names = [...root.getKeys({ limit: TABLES.length + 1 })].map((name) => String(name).replace("\0", ""));
  if (names.every((name) => (TABLES as readonly string[]).includes(name))) return;
  throw new TidingsError(
    "CONFIG_INVALID",
    `the data in "${path}" is another program's: it has the tables ${names.join(", ").slice(0, 80)}; name another folder.`,
  );
}
