import { previewJson } from "./json-preview.ts";
import type { PayloadKind } from "./message.ts";

/** How much of a payload's beginning a preview is made from, in bytes. */
export const PREVIEW_SOURCE_BYTES = 65_536;

const encoder = new TextEncoder();

/**
 * What a message shows of a payload that it does not carry: the first fields of JSON, the first lines of text as a JSON string,
 * nothing of bytes. Made from the payload's first {@link PREVIEW_SOURCE_BYTES}, whatever its size. The answer is JSON on one
 * line, of at most `maxBytes`; `undefined` where there is nothing to show in so few.
 */
export function previewOf(kind: PayloadKind, start: Uint8Array, maxBytes: number): Uint8Array | undefined {
  if (kind !== "json" && kind !== "text") return undefined;
  const source = start.subarray(0, PREVIEW_SOURCE_BYTES);
  // As a stream, so that a character which the cut went through is left out.
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(source, { stream: true });
  const preview = kind === "json" ? previewJson(text, maxBytes) : previewText(text, maxBytes);
  return preview === undefined ? undefined : encoder.encode(preview);
}

/** As many whole lines as fit; where not even the first does, as many of its characters. */
function previewText(text: string, maxBytes: number): string | undefined {
  let left = maxBytes - 2;
  let end = 0;
  let lineEnd = 0;
  for (const character of text) {
    left -= escapedBytes(character);
    if (left < 0) break;
    end += character.length;
    if (character === "\n") lineEnd = end;
  }
  if (end < text.length && lineEnd > 0) end = lineEnd;
  return end === 0 ? undefined : JSON.stringify(text.slice(0, end));
}

/** Bytes of UTF-8 that a character takes in a JSON string. */
function escapedBytes(character: string): number {
  const code = character.codePointAt(0) as number;
  if (code >= 0x80) return code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  if (code >= 0x20) return character === '"' || character === "\\" ? 2 : 1;
  return JSON.stringify(character).length - 2;
}
