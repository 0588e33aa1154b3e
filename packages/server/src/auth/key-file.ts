import { randomUUID } from "node:crypto";
import { readFileSync, unwatchFile, watchFile } from "node:fs";
import { type FileHandle, mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { type GrantLists, Grants } from "@tidings/core";
import { TidingsError } from "@tidings/protocol";
import { z } from "zod";
import { hashOfKey, idOfKey, isSameHash } from "./api-key.ts";
import { grantLists } from "./claims.ts";
import type { Identity } from "./identity.ts";

/** Most keys in one file. */
export const MAX_KEYS = 10_000;
/** How often the file is looked at for a change, in milliseconds: a key that is revoked ends within a second. */
const LOOK_MS = 400;

/** What is kept of a key: not the key. */
export interface KeyRecord {
  readonly id: string;
  /** What people call it: what it is for. */
  readonly name: string;
  /** SHA-256 of the whole key, in hexadecimal. */
  readonly hash: string;
  readonly grants: GrantLists;
  /** RFC 3339. */
  readonly createdAt: string;
  readonly expiresAt?: string | undefined;
}

const record: z.ZodType<KeyRecord> = z.strictObject({
  id: z.string().regex(/^[A-Za-z0-9]{12}$/),
  name: z.string().min(1).max(255),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  grants: grantLists,
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime().optional(),
});
const file = z.strictObject({ v: z.literal(1), keys: z.array(record).max(MAX_KEYS) });

/**
 * Reads a file of keys; one that is not there has none.
 *
 * @throws {TidingsError} `CONFIG_INVALID` for one that cannot be read, or is something else
 */
export function readKeyFile(path: string): { readonly exists: boolean; readonly keys: readonly KeyRecord[] } {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return { exists: false, keys: [] };
    throw new TidingsError(
      "CONFIG_INVALID",
      `the key file ${path} cannot be read (${code ?? String(cause)}).`,
      {},
      cause,
    );
  }
  const read = file.safeParse(jsonOf(text));
  if (read.success) return { exists: true, keys: read.data.keys };
  const [issue] = read.error.issues;
  throw new TidingsError(
    "CONFIG_INVALID",
    `${path} is not a file of keys as "tidings key" writes it: see ${issue?.path.join(".") || "its beginning"}.`,
  );
}

/** Writes a file of keys as a whole: whoever reads it sees the old one or the new one. Only its owner may read it. */
export async function writeKeyFile(path: string, keys: readonly KeyRecord[]): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${randomUUID()}.tmp`;
  try {
    const handle = await open(draft, "wx", 0o600);
    try {
      await giveToOwner(handle, path);
      await handle.writeFile(`${JSON.stringify({ v: 1, keys }, undefined, 2)}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/** What the superuser writes has to be read by the server's own user: whose the file was, or else the folder is. */
async function giveToOwner(handle: FileHandle, path: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = await stat(path).catch(() => stat(dirname(path)));
  await handle.chown(uid, gid);
}

/** The keys of a file, as they are now: the file is looked at again and again. */
export class KeyFile {
  readonly #path: string;
  readonly #onChanged: () => void;
  readonly #onFault: (error: unknown) => void;
  readonly #nowMs: () => number;
  #identities: ReadonlyMap<string, { readonly hash: string; readonly identity: Identity }>;
  readonly #look = (): void => {
    try {
      this.#identities = identitiesOf(readKeyFile(this.#path).keys);
    } catch (error) {
      // Half written by hand, perhaps: the keys that are known go on until it is whole.
      this.#onFault(error);
      return;
    }
    this.#onChanged();
  };

  /** @throws {TidingsError} `CONFIG_INVALID`, see {@link readKeyFile} */
  constructor(
    path: string,
    options: {
      readonly nowMs: () => number;
      readonly onChanged: () => void;
      readonly onFault: (error: unknown) => void;
    },
  ) {
    this.#path = path;
    this.#nowMs = options.nowMs;
    this.#onChanged = options.onChanged;
    this.#onFault = options.onFault;
    this.#identities = identitiesOf(readKeyFile(path).keys);
    watchFile(path, { interval: LOOK_MS, persistent: false }, this.#look);
  }

  get size(): number {
    return this.#identities.size;
  }

  /** Whom a key stands for; `undefined` for one that is not, or no longer, in the file, or has expired. */
  find(key: string): Identity | undefined {
    const known = this.#identities.get(idOfKey(key) ?? "");
    if (known === undefined || !isSameHash(hashOfKey(key), known.hash)) return undefined;
    return (known.identity.expiresAtMs ?? Infinity) > this.#nowMs() ? known.identity : undefined;
  }

  /** What the key of an id stands for now. */
  current(id: string): Identity | undefined {
    return this.#identities.get(id)?.identity;
  }

  close(): void {
    unwatchFile(this.#path, this.#look);
  }
}

function identitiesOf(
  keys: readonly KeyRecord[],
): ReadonlyMap<string, { readonly hash: string; readonly identity: Identity }> {
  return new Map(
    keys.map(({ id, name, hash, grants, expiresAt }) => {
      const expiresAtMs = expiresAt === undefined ? undefined : Date.parse(expiresAt);
      const identity: Identity = { kind: "key", subject: name, id, grants: Grants.of(grants), expiresAtMs };
      return [id, { hash, identity }];
    }),
  );
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
