import { type Limits, quote, TidingsError } from "@tidings/protocol";
import type { Artifacts } from "../artifacts/index.ts";
import { checkMediaType } from "./message.ts";

const DEFAULT_TYPE = "application/octet-stream";
/** 3,650 days, as over HTTP. */
const MAX_TTL_MS = 315_360_000_000;
const MAX_NAME_BYTES = 255;

export interface StoreOptions {
  /** Media type, such as `image/png`. Default `application/octet-stream`. */
  readonly contentType?: string;
  /** File name that it is saved under again: no path, at most 255 bytes. */
  readonly name?: string;
  /** How long it is kept where no message names it. Default `limits.artifactTtlMs` (24 h), at most 3,650 days. */
  readonly ttlMs?: number;
}

export interface StoredArtifact {
  /** For `artifact` of a publish. */
  readonly id: string;
  /** From the server's root, base path included. */
  readonly url: string;
  /** Bytes. */
  readonly size: number;
  readonly type: string;
  /** In hexadecimal. */
  readonly sha256: string;
  /** RFC 3339. Beyond it, it is kept for as long as the log holds a message that names it. */
  readonly expiresAt: string;
}

interface Storing {
  readonly artifacts: Artifacts;
  readonly limits: Limits;
  readonly newId: () => string;
}

/** Stores bytes as `POST /artifacts` does, a part at a time: they are never held in memory together. */
export async function storeArtifact(
  { artifacts, limits, newId }: Storing,
  source: Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  { contentType = DEFAULT_TYPE, name, ttlMs = limits.artifactTtlMs }: StoreOptions,
): Promise<StoredArtifact> {
  checkMediaType(contentType);
  checkName(name);
  if (!(ttlMs >= 0 && ttlMs <= MAX_TTL_MS))
    throw new TidingsError("REQUEST_INVALID", `ttlMs is ${ttlMs}; it must be from 0 to ${MAX_TTL_MS}.`);
  const record = {
    id: newId(),
    type: contentType,
    createdMs: Date.now(),
    ttlMs,
    ...(name === undefined ? {} : { name }),
  };
  const interruption = Promise.withResolvers<never>();
  // Nobody waits for it where nothing is interrupted.
  interruption.promise.catch(() => undefined);
  const writer = await artifacts.uploads.begin(record, false, () =>
    interruption.reject(new TidingsError("DRAINING", "the server was closed while the artifact was stored.")),
  );
  try {
    await eachPart(source, interruption.promise, async (part) => writer.append(part));
    const stored = await artifacts.uploads.finish(writer, undefined);
    const { id, url, size, type, sha256 } = { id: stored.id, ...artifacts.referenceOf(stored) };
    return { id, url, size, type, sha256, expiresAt: new Date(stored.createdMs + ttlMs).toISOString() };
  } finally {
    await artifacts.uploads.end(writer);
  }
}

/** Ends as soon as it is interrupted, also where the source has nothing to give: a close waits for no one. */
async function eachPart(
  source: Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  interruption: Promise<never>,
  take: (part: Uint8Array) => Promise<void>,
): Promise<void> {
  if (source instanceof Uint8Array) return take(source);
  const parts = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  let isWhole = false;
  try {
    for (;;) {
      const next = await Promise.race([parts.next(), interruption]);
      isWhole = next.done === true;
      if (next.done === true) return;
      await take(next.value);
    }
  } finally {
    // One that waits for something would answer only then.
    if (!isWhole) void Promise.resolve(parts.return?.()).catch(() => undefined);
  }
}

function checkName(name: string | undefined): void {
  if (name === undefined) return;
  if (name !== "" && Buffer.byteLength(name) <= MAX_NAME_BYTES && !/[/\\\p{Cc}]/u.test(name)) return;
  throw new TidingsError(
    "REQUEST_INVALID",
    `${quote(name)} is not a file name; give one of at most ${MAX_NAME_BYTES} bytes, without a path.`,
  );
}
