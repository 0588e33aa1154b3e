import type { IncomingMessage } from "node:http";
import { quote, TidingsError } from "@tidings/protocol";

/** What a request says of a resumable upload ("Resumable Uploads for HTTP", draft-ietf-httpbis-resumable-upload, §4). */
export interface UploadHeaders {
  /** Whether the upload is whole with this request; absent where it is no resumable one. */
  readonly complete: boolean | undefined;
  readonly offset: number | undefined;
  /** Of the whole upload, in bytes. */
  readonly length: number | undefined;
}

/** @throws {TidingsError} `HEADER_INVALID` */
export function readUploadHeaders(req: IncomingMessage): UploadHeaders {
  const complete = req.headers["upload-complete"];
  if (complete !== undefined && complete !== "?0" && complete !== "?1")
    throw invalid("Upload-Complete", String(complete), "?0 or ?1");
  return {
    complete: complete === undefined ? undefined : complete === "?1",
    offset: readInteger(req, "Upload-Offset"),
    length: readInteger(req, "Upload-Length"),
  };
}

/** The length of this request's body, where it says it. Node has checked that it is a number. */
export function contentLength(req: IncomingMessage): number | undefined {
  const header = req.headers["content-length"];
  if (header === undefined) return undefined;
  const length = Number(header);
  if (!Number.isSafeInteger(length)) throw invalid("Content-Length", header, "a number of bytes");
  return length;
}

/**
 * The SHA-256 of `Content-Digest` or `Repr-Digest` (RFC 9530 §2, §3), in hexadecimal. Other algorithms are passed over,
 * as the RFC has it.
 *
 * @throws {TidingsError} `HEADER_INVALID`
 */
export function readDigest(req: IncomingMessage, name: "Content-Digest" | "Repr-Digest"): string | undefined {
  const header = req.headers[name.toLowerCase()];
  if (header === undefined) return undefined;
  const text = String(header);
  const member = text
    .split(",")
    .map((each) => each.trim())
    .find((each) => each.startsWith("sha-256="));
  if (member === undefined) return undefined;
  const match = /^sha-256=:([A-Za-z0-9+/]{43}=):$/.exec(member);
  if (match === null) throw invalid(name, text, "sha-256=:…: with the digest in base64");
  return Buffer.from(match[1] as string, "base64").toString("hex");
}

/** A digest as `Repr-Digest` carries it. */
export function formatDigest(sha256: string): string {
  return `sha-256=:${Buffer.from(sha256, "hex").toString("base64")}:`;
}

const TOKEN = "[A-Za-z0-9!#$%&'*+.^_`|~-]+";
/** RFC 9110 §8.3.1. */
const MEDIA_TYPE = new RegExp(
  `^${TOKEN}/${TOKEN}(?:[ \\t]*;[ \\t]*(?:${TOKEN}=(?:${TOKEN}|"[ !#-\\[\\]-~]*"))?)*$`,
);
const MAX_TYPE_LENGTH = 255;

/**
 * The media type of a body, as it is said.
 *
 * @throws {TidingsError} `CONTENT_TYPE_UNSUPPORTED` for what is none
 */
export function readMediaType(req: IncomingMessage): string {
  const type = req.headers["content-type"];
  if (type === undefined || type === "") return "application/octet-stream";
  // The length first: the expression takes time with what is long.
  if (type.length <= MAX_TYPE_LENGTH && MEDIA_TYPE.test(type)) return type;
  throw new TidingsError(
    "CONTENT_TYPE_UNSUPPORTED",
    `${quote(type)} is not a media type of at most ${MAX_TYPE_LENGTH} characters; send one such as image/png, or none.`,
  );
}

function readInteger(req: IncomingMessage, name: string): number | undefined {
  const header = req.headers[name.toLowerCase()];
  if (header === undefined) return undefined;
  // An integer of RFC 9651 §3.3.1, and not below 0.
  if (typeof header === "string" && /^[0-9]{1,15}$/.test(header)) return Number(header);
  throw invalid(name, String(header), "a number of bytes");
}

function invalid(name: string, found: string, wanted: string): TidingsError {
  return new TidingsError("HEADER_INVALID", `${name} is ${quote(found)}; it must be ${wanted}.`);
}
