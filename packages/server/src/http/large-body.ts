import type { PayloadStore, PublishMessage, StoredPayload } from "@tidings/core";
import { type PayloadKind, previewOf, PREVIEW_SOURCE_BYTES, TidingsError } from "@tidings/protocol";
import { freePart } from "./free-part.ts";
import type { PartPipe } from "./part-pipe.ts";

export interface LargeBody {
  readonly channel: string;
  readonly kind: PayloadKind;
  readonly contentType: string;
  /** Throws where a payload of so many bytes may not be stored; asked as it grows. */
  readonly checkSize: (size: number) => void;
  readonly maxPreviewBytes: number;
}

/**
 * Streams a body that is too large to be held into the store, as fast as it is written there. Text and JSON are checked to be
 * UTF-8 as they pass; JSON is not parsed. Answers the message's payload, with the preview of its beginning.
 *
 * @throws {TidingsError} `BODY_INVALID`, those of `checkSize` and of `PayloadStore.putParts`; nothing is kept then
 */
export async function storeBody(
  store: PayloadStore,
  parts: PartPipe,
  about: LargeBody,
): Promise<{ readonly stored: StoredPayload } & Pick<PublishMessage, "preview">> {
  const { channel, kind, contentType, checkSize, maxPreviewBytes } = about;
  const beginning: Buffer[] = [];
  const utf8 = kind === "bytes" ? undefined : new TextDecoder("utf-8", { fatal: true });
  async function* checked(): AsyncGenerator<Buffer, void, void> {
    let size = 0;
    for await (const part of parts) {
      if (size < PREVIEW_SOURCE_BYTES)
        beginning.push(Buffer.from(part.subarray(0, PREVIEW_SOURCE_BYTES - size)));
      size += part.length;
      checkSize(size);
      checkText(utf8, part);
      yield part;
      // Asked for the next one, the store is done with it.
      freePart(part);
    }
    checkText(utf8);
  }
  try {
    const stored = await store.putParts(checked(), { channel, kind, type: contentType });
    const preview = previewOf(kind, Buffer.concat(beginning), maxPreviewBytes);
    return preview === undefined ? { stored } : { stored, preview };
  } finally {
    parts.stop();
  }
}

/** A part, or without one the end: half a character must not stand there. */
function checkText(utf8: InstanceType<typeof TextDecoder> | undefined, part?: Buffer): void {
  try {
    if (part === undefined) utf8?.decode();
    else utf8?.decode(part, { stream: true });
  } catch (cause) {
    throw new TidingsError(
      "BODY_INVALID",
      "the body is not UTF-8; send bytes as application/octet-stream. Nothing was published.",
      {},
      cause,
    );
  }
}
