import { TidingsError } from "@tidings/protocol";
import { closeSync, fstatSync, ftruncateSync, openSync, readSync } from "node:fs";
import { endianness } from "node:os";

// The head of an LMDB data file: two meta pages, each a page header and then this. As lmdb 3.5 writes it on 64 bits.
const MAGIC = 0xbeefc0de;
const MAGIC_AT = 24;
const PAGE_SIZE_AT = 48;
const LAST_PAGE_AT = 144;
const TRANSACTION_AT = 152;
const META_BYTES = 160;
/** Pages that may be missing at the end: LMDB does not write those that a transaction took and gave back. */
const MAX_UNWRITTEN_PAGES = 256;

/**
 * Looks at a data file before LMDB maps it into memory: reading a page past the file's end would end the process
 * (SIGBUS), where a sentence can be said here. Answers whether there is a store already.
 *
 * @throws {TidingsError} `CONFIG_INVALID` when it is something else's, `LOG_UNAVAILABLE` when it was cut short
 */
export function checkDataFile(file: string): boolean {
  let descriptor: number;
  try {
    descriptor = openSync(file, "r+");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
  try {
    const size = fstatSync(descriptor).size;
    if (size === 0) return false;
    // Written in the order of bytes of its machine; LMDB itself refuses another one's.
    if (endianness() === "LE") checkPages(file, descriptor, size);
    return true;
  } finally {
    closeSync(descriptor);
  }
}

function checkPages(file: string, descriptor: number, size: number): void {
  const first = readMeta(descriptor, 0);
  if (first === undefined) {
    throw new TidingsError(
      "CONFIG_INVALID",
      `"${file}" is not a log of Tidings, or its beginning is damaged; name another folder, or restore this one from a copy.`,
    );
  }
  const second = readMeta(descriptor, first.pageBytes);
  const newest = second !== undefined && second.transaction > first.transaction ? second : first;
  const needed = newest.pages * first.pageBytes;
  if (size >= needed) return;
  if (needed - size > MAX_UNWRITTEN_PAGES * first.pageBytes) {
    throw new TidingsError(
      "LOG_UNAVAILABLE",
      `"${file}" was cut short: it has ${size} bytes and should have ${needed}; restore the folder from a copy.`,
    );
  }
  ftruncateSync(descriptor, needed);
}

function readMeta(
  descriptor: number,
  at: number,
): { readonly pageBytes: number; readonly pages: number; readonly transaction: bigint } | undefined {
  const meta = Buffer.alloc(META_BYTES);
  if (readSync(descriptor, meta, 0, META_BYTES, at) < META_BYTES) return undefined;
  if (meta.readUInt32LE(MAGIC_AT) !== MAGIC) return undefined;
  return {
    pageBytes: meta.readUInt32LE(PAGE_SIZE_AT),
    pages: Number(meta.readBigUInt64LE(LAST_PAGE_AT)) + 1,
    transaction: meta.readBigUInt64LE(TRANSACTION_AT),
  };
}
