import { createHash, type Hash } from "node:crypto";
import { TidingsError } from "@tidings/protocol";
import type { UploadRecord } from "./record.ts";
import { type Room, storeFault } from "./room.ts";
import type { ArtifactStore, UploadBody } from "./store.ts";

/** Of the buffer that reads a body again whose hash is not known any more. */
const READ_BYTES = 1_048_576;
/** After so many bytes an upload is synced on the way: the last sync of a large one would take long otherwise. */
const SYNC_EVERY_BYTES = 67_108_864;

/** Who adds bytes to an upload at the moment. */
interface Writing {
  /** Ends its request. */
  readonly abort: () => void;
  readonly done: Promise<void>;
}

/** One upload that is not whole yet: its bytes, their hash, and who adds to it. */
export class Upload {
  record: UploadRecord;
  /** Whether it may be gone on with after its connection broke. */
  readonly isResumable: boolean;
  touchedMs: number;
  /** It was finished, or is no more. */
  isOver = false;
  #size: number;
  #hash: Hash | undefined;
  #writing: Writing | undefined;
  /** While it is written to. */
  #body: UploadBody | undefined;

  constructor(record: UploadRecord, isResumable: boolean, touchedMs: number, size: number) {
    this.record = record;
    this.isResumable = isResumable;
    this.touchedMs = touchedMs;
    this.#size = size;
    // With bytes from before a restart it has to be computed from them.
    this.#hash = size === 0 ? createHash("sha256") : undefined;
  }

  get id(): string {
    return this.record.id;
  }

  get size(): number {
    return this.#body?.size ?? this.#size;
  }

  get isBeingWritten(): boolean {
    return this.#writing !== undefined;
  }

  /** Ends who adds to it, and resolves once what came is on the disk. */
  async interrupt(): Promise<void> {
    const writing = this.#writing;
    if (writing === undefined) return;
    writing.abort();
    await writing.done;
  }

  /**
   * Begins to add to it; only one may at a time. `abort` is to end the request that brings the bytes.
   *
   * @throws {TidingsError} `UPLOAD_CONFLICT`
   */
  async write(store: ArtifactStore, room: Room, abort: () => void, isNew: boolean): Promise<UploadWriter> {
    if (this.isOver || this.#writing !== undefined) throw busy(this.id);
    const done = Promise.withResolvers<void>();
    this.#writing = { abort, done: done.promise };
    const release = (size: number, hash: Hash | undefined): void => {
      this.#size = size;
      this.#hash = hash;
      this.#body = undefined;
      this.#writing = undefined;
      done.resolve();
    };
    try {
      const body = isNew ? await store.create(this.id) : await store.reopen(this.id);
      try {
        const hash = this.#hash ?? (await hashOf(store, this.id, body.size));
        this.#body = body;
        return new UploadWriter(this, body, hash, room, release);
      } catch (error) {
        await body.close();
        throw error;
      }
    } catch (error) {
      release(this.#size, this.#hash);
      throw storeFault(error);
    }
  }
}

/** Adds bytes to an upload. {@link UploadWriter.end} MUST be called in the end, whatever happened. */
export class UploadWriter {
  readonly upload: Upload;
  readonly #body: UploadBody;
  readonly #room: Room;
  readonly #release: (size: number, hash: Hash | undefined) => void;
  #hash: Hash | undefined;
  #unsynced = 0;

  constructor(
    upload: Upload,
    body: UploadBody,
    hash: Hash,
    room: Room,
    release: (size: number, hash: Hash | undefined) => void,
  ) {
    this.upload = upload;
    this.#body = body;
    this.#hash = hash;
    this.#room = room;
    this.#release = release;
  }

  get size(): number {
    return this.#body.size;
  }

  /** @throws {TidingsError} `ARTIFACT_TOO_LARGE`, `STORE_FULL`, `UPLOAD_CONFLICT` past the length that was said */
  async append(bytes: Uint8Array): Promise<void> {
    const before = this.#body.size;
    const { length } = this.upload.record;
    if (length !== undefined && before + bytes.length > length) {
      throw new TidingsError(
        "UPLOAD_CONFLICT",
        `more came than the ${length} bytes that Upload-Length said; go on from the offset in Upload-Offset, or begin anew.`,
      );
    }
    this.#room.check(bytes.length, before + bytes.length);
    this.#room.take(bytes.length);
    try {
      await this.#body.append(bytes);
    } catch (error) {
      // A part may have been written: it counts, and the hash has to be made anew.
      this.#room.give(bytes.length - (this.#body.size - before));
      this.#hash = undefined;
      throw storeFault(error);
    }
    this.#hash?.update(bytes);
    this.#unsynced += bytes.length;
    if (this.#unsynced >= SYNC_EVERY_BYTES) await this.sync();
  }

  async sync(): Promise<void> {
    this.#unsynced = 0;
    try {
      await this.#body.sync();
    } catch (error) {
      throw storeFault(error);
    }
  }

  /** Takes back what came after a size, because it was not what it should be. */
  async truncate(size: number): Promise<void> {
    const before = this.#body.size;
    await this.#body.truncate(size);
    this.#room.give(before - size);
    this.#hash = undefined;
  }

  /** SHA-256 of all bytes so far, in hexadecimal. */
  async digest(store: ArtifactStore): Promise<string> {
    this.#hash ??= await hashOf(store, this.upload.id, this.#body.size);
    return this.#hash.copy().digest("hex");
  }

  /** Lets the upload go: synced, where it is to be gone on with. */
  async end(nowMs: number): Promise<void> {
    try {
      if (this.#unsynced > 0 && this.upload.isResumable && !this.upload.isOver) await this.#body.sync();
    } finally {
      this.upload.touchedMs = nowMs;
      try {
        await this.#body.close();
      } finally {
        this.#release(this.#body.size, this.#hash);
      }
    }
  }
}

function busy(id: string): TidingsError {
  return new TidingsError(
    "UPLOAD_CONFLICT",
    `another request adds to upload ${id}; ask with HEAD, which ends that one, and go on from the offset it tells.`,
  );
}

/** Hashes what is there, in pieces: a body can be of any size. */
async function hashOf(store: ArtifactStore, id: string, size: number): Promise<Hash> {
  const hash = createHash("sha256");
  if (size === 0) return hash;
  const stored = await store.open(id);
  try {
    const buffer = Buffer.allocUnsafeSlow(Math.min(size, READ_BYTES));
    for (let position = 0; position < size;) {
      const read = await stored.read(buffer.subarray(0, Math.min(buffer.length, size - position)), position);
      if (read === 0) throw new Error(`the body of ${id} is shorter than ${size} bytes`);
      hash.update(buffer.subarray(0, read));
      position += read;
    }
  } finally {
    await stored.close();
  }
  return hash;
}
