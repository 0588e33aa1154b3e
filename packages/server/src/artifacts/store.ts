import type { ArtifactRecord, UploadRecord } from "./record.ts";

/**
 * Where the bytes and records of artifacts are: a folder, or later an object store (where an upload's body is a
 * multipart upload, and a record an object of its own). It knows no rules: what is kept, and for how long, is for
 * `Artifacts` to say. One process has it open at a time.
 */
export interface ArtifactStore {
  /** All that is there whole, and all uploads that can be gone on with. What is neither is removed, and logged. */
  load(): Promise<{
    readonly artifacts: readonly ArtifactRecord[];
    readonly uploads: readonly StoredUpload[];
  }>;
  /** Begins a body, which is nothing until {@link ArtifactStore.finish}. */
  create(id: string): Promise<UploadBody>;
  /** Goes on with a body that {@link ArtifactStore.keep} was called for. */
  reopen(id: string): Promise<UploadBody>;
  /** Notes an upload, so that it can be gone on with after a restart. MUST NOT resolve before that would survive a crash. */
  keep(upload: UploadRecord): Promise<void>;
  /**
   * Makes a body whose bytes are synced an artifact. Its record is written last: a crash at any instant leaves
   * either all of it or nothing. MUST NOT resolve before it would survive one.
   */
  finish(record: ArtifactRecord): Promise<void>;
  /** Writes a record anew, as durably. */
  update(record: ArtifactRecord): Promise<void>;
  open(id: string): Promise<StoredBody>;
  /** Removes whatever there is of an id; who reads the body at that time may read on. */
  delete(id: string): Promise<void>;
  /** After it nothing is read or written. */
  close(): Promise<void>;
}

export interface StoredUpload {
  readonly record: UploadRecord;
  readonly size: number;
  /** When its last byte came, in milliseconds since 1970-01-01 UTC. */
  readonly touchedMs: number;
}

/** The body of an upload, while bytes are added to it. Calls are made one after the other. */
export interface UploadBody {
  readonly size: number;
  append(bytes: Uint8Array): Promise<void>;
  /** Cuts what came after this size. */
  truncate(size: number): Promise<void>;
  /** Resolves once all that was appended would survive a crash. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** The body of an artifact, or of an upload so far. */
export interface StoredBody {
  /** Reads from a position on, as much as there is and fits; answers how many bytes that were. */
  read(into: Uint8Array, position: number): Promise<number>;
  close(): Promise<void>;
}
