import { TidingsError } from "./errors.ts";
import { jsonFault } from "./json-fault.ts";
import type { ArtifactReference } from "./message-object.ts";

const encoder = new TextEncoder();
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * What a message holds of a payload that is stored: JSON on one line (see `NewMessage.artifact`).
 *
 * @param beside JSON: what it shows of the payload, or `data` of its own that travels beside it
 */
export function encodeArtifact(
  { url, size, type, sha256 }: ArtifactReference,
  beside?: { readonly name: "preview" | "data"; readonly json: Uint8Array },
): Uint8Array {
  const reference = JSON.stringify({ artifact: { url, size, type, sha256 } });
  if (beside === undefined) return encoder.encode(reference);
  // JSON allows line ends between its parts; inside strings they are always escaped.
  const oneLine = utf8.decode(beside.json).replaceAll(/[\r\n]/g, " ");
  return encoder.encode(`${reference.slice(0, -1)},"${beside.name}":${oneLine}}`);
}

/**
 * Checks a preview that a publisher gives: JSON of at most so many bytes.
 *
 * @throws {TidingsError} `PREVIEW_INVALID`
 */
export function checkPreview(preview: Uint8Array, maxBytes: number): void {
  if (preview.length > maxBytes) {
    throw new TidingsError(
      "PREVIEW_INVALID",
      `the preview has ${preview.length} bytes; the limit is ${maxBytes} (maxPreviewBytes). Show less.`,
      { field: "preview" },
    );
  }
  try {
    JSON.parse(utf8.decode(preview));
  } catch (cause) {
    throw new TidingsError(
      "PREVIEW_INVALID",
      `the preview is not JSON (${jsonFault(cause)}); text is a JSON string, in quotes.`,
      { field: "preview" },
      cause,
    );
  }
}
