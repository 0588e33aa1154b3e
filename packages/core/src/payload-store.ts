import type { ArtifactReference, Cursor, PayloadKind } from "@tidings/protocol";

/** Where payloads go that are too large to travel inline. Implemented by the server's artifacts. */
export interface PayloadStore {
  /**
   * Keeps a payload, which the log's message will name; resolves once it would survive a crash.
   *
   * @throws {TidingsError} `ARTIFACT_TOO_LARGE`, `STORE_FULL`
   */
  put(data: Uint8Array, about: NewPayload): Promise<StoredPayload>;
  /**
   * As {@link PayloadStore.put}, of a payload that comes in parts and is never held whole; the next part is taken when the
   * one before was written. Where the parts end in an error nothing is kept, and that error is thrown.
   */
  putParts(parts: AsyncIterable<Uint8Array>, about: NewPayload): Promise<StoredPayload>;
  /**
   * What is kept under an id.
   *
   * @throws {TidingsError} `ARTIFACT_UNKNOWN`
   */
  find(id: string): Promise<StoredPayload>;
  /** A message names it now: it is kept for as long as the log holds that message. */
  bind(id: string, channel: string, at: Cursor): Promise<void>;
  /** No message names it after all: what {@link PayloadStore.put} kept may go. One that was uploaded stays. */
  discard(id: string): Promise<void>;
}

export interface NewPayload {
  readonly channel: string;
  readonly kind: PayloadKind;
  /** Its media type; where none is known, that of its kind. */
  readonly type?: string | undefined;
}

export interface StoredPayload {
  readonly id: string;
  readonly artifact: ArtifactReference;
}
