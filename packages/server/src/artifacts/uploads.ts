import { type Limits, TidingsError } from "@tidings/protocol";
import type { ArtifactRecord, UploadRecord } from "./record.ts";
import { type Room, storeFault } from "./room.ts";
import type { ArtifactStore, StoredUpload } from "./store.ts";
import { Upload, type UploadWriter } from "./upload.ts";

/** Uploads that are not whole yet: each has a file and a hash in memory. */
const MAX_UPLOADS = 10_000;
/** Uploads that bytes come for at the same time: each has an open file and a connection. */
const MAX_WRITERS = 1_000;

export interface UploadsOptions {
  readonly store: ArtifactStore;
  readonly room: Room;
  readonly limits: Limits;
  readonly nowMs: () => number;
  /** An upload has become an artifact. */
  readonly onFinished: (record: ArtifactRecord) => void;
}

/** All uploads that are not whole yet. */
export class Uploads {
  readonly #options: UploadsOptions;
  readonly #open = new Map<string, Upload>();
  readonly #writing = new Set<Upload>();

  constructor(options: UploadsOptions) {
    this.#options = options;
  }

  get(id: string): Upload | undefined {
    return this.#open.get(id);
  }

  /** Takes up what was there before a restart. */
  restore({ record, size, touchedMs }: StoredUpload): void {
    this.#open.set(record.id, new Upload(record, true, touchedMs, size));
  }

  /**
   * Begins an upload, and to write to it.
   *
   * @throws {TidingsError} `STORE_FULL`, `TOO_MANY_CONNECTIONS`
   */
  async begin(record: UploadRecord, isResumable: boolean, abort: () => void): Promise<UploadWriter> {
    const { store, room, nowMs } = this.#options;
    if (this.#open.size >= MAX_UPLOADS) {
      throw new TidingsError(
        "STORE_FULL",
        `${MAX_UPLOADS} uploads are unfinished, as many as can be; finish some, or cancel them with DELETE.`,
      );
    }
    this.#checkWriters();
    room.begin();
    const upload = new Upload(record, isResumable, nowMs(), 0);
    this.#open.set(record.id, upload);
    try {
      const writer = await this.#write(upload, abort, true);
      if (isResumable) await this.#noting(writer, async () => store.keep(record));
      return writer;
    } catch (error) {
      await this.drop(upload);
      throw error;
    }
  }

  /** @throws {TidingsError} `UPLOAD_CONFLICT`, `TOO_MANY_CONNECTIONS` */
  async resume(upload: Upload, abort: () => void): Promise<UploadWriter> {
    this.#checkWriters();
    return this.#write(upload, abort, false);
  }

  /** Notes the whole length, once the client has said it. */
  async setLength(upload: Upload, length: number): Promise<void> {
    if (upload.record.length === length) return;
    upload.record = { ...upload.record, length };
    if (upload.isResumable) await this.#options.store.keep(upload.record);
  }

  /**
   * Makes the upload an artifact. Where its length is not the one that was said it stays as it is; where its hash is
   * another one it is gone, since no more bytes could mend it.
   *
   * @throws {TidingsError} `UPLOAD_CONFLICT`, `DIGEST_MISMATCH`, `STORE_FULL`
   */
  async finish(writer: UploadWriter, digest: string | undefined): Promise<ArtifactRecord> {
    const { store, nowMs, onFinished } = this.#options;
    const { upload, size } = writer;
    const { id, type, name, length, ttlMs } = upload.record;
    if (length !== undefined && length !== size) {
      throw new TidingsError(
        "UPLOAD_CONFLICT",
        `the upload has ${size} bytes, and its Upload-Length says ${length}; send the rest from the offset in Upload-Offset.`,
      );
    }
    const sha256 = await writer.digest(store);
    for (const said of [digest, upload.record.sha256]) {
      if (said !== undefined && said !== sha256) {
        await this.drop(upload);
        throw digestMismatch(said, sha256);
      }
    }
    await writer.sync();
    const createdMs = nowMs();
    const record: ArtifactRecord = {
      id,
      size,
      type,
      sha256,
      ...(name === undefined ? {} : { name }),
      createdMs,
      expiresAtMs: createdMs + ttlMs,
      references: [],
    };
    try {
      await store.finish(record);
    } catch (error) {
      throw storeFault(error);
    }
    this.#forget(upload);
    onFinished(record);
    return record;
  }

  /** Lets a writer go. What came without the promise that it can be gone on with is dropped, as is what was too much. */
  async end(writer: UploadWriter): Promise<void> {
    const { upload } = writer;
    try {
      await writer.end(this.#options.nowMs());
    } finally {
      this.#writing.delete(upload);
      if (!upload.isOver && !upload.isResumable) await this.drop(upload);
    }
  }

  /** Ends and removes an upload. */
  async cancel(upload: Upload): Promise<void> {
    await upload.interrupt();
    if (!upload.isOver) await this.drop(upload);
  }

  /** Removes an upload and what came of it. */
  async drop(upload: Upload): Promise<void> {
    if (upload.isOver) return;
    this.#forget(upload);
    await this.#options.store.delete(upload.id);
    this.#options.room.remove(upload.size);
  }

  /** Removes those to which nothing was added for `uploadTtlMs`. */
  async sweep(): Promise<void> {
    const before = this.#options.nowMs() - this.#options.limits.uploadTtlMs;
    for (const upload of this.#open.values()) {
      if (upload.touchedMs <= before && !upload.isBeingWritten) await this.drop(upload);
    }
  }

  /** Ends all who write, and resolves once what came is on the disk. */
  async close(): Promise<void> {
    await Promise.allSettled([...this.#writing].map(async (upload) => upload.interrupt()));
  }

  async #write(upload: Upload, abort: () => void, isNew: boolean): Promise<UploadWriter> {
    const { store, room } = this.#options;
    this.#writing.add(upload);
    try {
      return await upload.write(store, room, abort, isNew);
    } catch (error) {
      if (!upload.isBeingWritten) this.#writing.delete(upload);
      throw error;
    }
  }

  async #noting(writer: UploadWriter, note: () => Promise<void>): Promise<void> {
    try {
      await note();
    } catch (error) {
      await this.end(writer);
      throw storeFault(error);
    }
  }

  #checkWriters(): void {
    if (this.#writing.size < MAX_WRITERS) return;
    throw new TidingsError(
      "TOO_MANY_CONNECTIONS",
      `${MAX_WRITERS} uploads are under way, as many as can be; try again later.`,
    );
  }

  #forget(upload: Upload): void {
    upload.isOver = true;
    this.#open.delete(upload.id);
  }
}

export function digestMismatch(said: string, found: string): TidingsError {
  return new TidingsError(
    "DIGEST_MISMATCH",
    `the digest says SHA-256 ${said}, and what came has ${found}. Nothing of it was kept; send it again.`,
  );
}
