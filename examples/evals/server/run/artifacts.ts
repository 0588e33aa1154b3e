import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import type { Tidings } from "tidings";
import type { ArtifactMessage } from "../../shared/channels.ts";
import { LIMITS } from "../../shared/limits.ts";
import { RETENTION_MS } from "../policies.ts";

const TEXT = /^(?:text\/|application\/(?:[a-z.+-]*\+)?(?:json|xml|javascript|x-ndjson)\b)/i;

/** Stores a file as an artifact, and answers what its message says. */
export async function storeFile(
  tidings: Tidings,
  path: string,
  { name, mediaType }: { readonly name: string; readonly mediaType: string },
): Promise<Omit<ArtifactMessage, "at" | "position">> {
  const { url, size } = await tidings.store(createReadStream(path) as AsyncIterable<Uint8Array>, {
    contentType: mediaType,
    name,
    // As long as the message: one cannot both have data of its own and name what was stored.
    ttlMs: RETENTION_MS,
  });
  const isSmall = size <= LIMITS.maxInlineBytes;
  const about = { name, mediaType, size, url };
  if (TEXT.test(mediaType)) {
    const text = await beginning(path, isSmall ? LIMITS.maxInlineBytes : LIMITS.previewBytes);
    return isSmall ? { ...about, inline: text.toString() } : { ...about, preview: cutText(text) };
  }
  if (isSmall && mediaType.startsWith("image/")) {
    const bytes = await beginning(path, LIMITS.maxInlineBytes);
    return { ...about, inline: `data:${mediaType};base64,${bytes.toString("base64")}` };
  }
  return about;
}

async function beginning(path: string, bytes: number): Promise<Buffer> {
  const file = await open(path, "r");
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** Without the half of a character that may be at its end. */
function cutText(bytes: Buffer): string {
  return new TextDecoder().decode(bytes, { stream: true });
}
