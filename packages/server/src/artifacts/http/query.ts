import { checkChannel } from "@tidings/protocol";
import { checkNames, invalid, readCount } from "../../http/query.ts";

const MAX_NAME_BYTES = 255;
/** 3,650 days. */
const MAX_TTL_SECONDS = 315_360_000;

/** What the URL of a new artifact says. */
export interface UploadQuery {
  readonly name: string | undefined;
  readonly ttlMs: number;
  readonly progress: string | undefined;
}

/** @throws {TidingsError} `QUERY_INVALID`, `CHANNEL_NAME_INVALID` */
export function readUploadQuery(query: URLSearchParams, artifactTtlMs: number): UploadQuery {
  checkNames(query, ["name", "ttl", "progress"]);
  const ttl = query.get("ttl");
  const progress = query.get("progress");
  return {
    name: fileName(query.get("name")),
    ttlMs: ttl === null ? artifactTtlMs : readCount("ttl", ttl, 1, MAX_TTL_SECONDS) * 1_000,
    progress: progress === null ? undefined : checkChannel(progress),
  };
}

/** A name that is safe to save under: without the path before it, and without control characters. */
function fileName(given: string | null): string | undefined {
  if (given === null) return undefined;
  if (Buffer.byteLength(given) > MAX_NAME_BYTES)
    throw invalid("name", `"name" is longer than ${MAX_NAME_BYTES} bytes; give a shorter one.`);
  const last = given.toWellFormed().split(/[/\\]/).at(-1) ?? "";
  // Also what turns the direction of writing around, and so hides what a name ends with.
  const name = last.replaceAll(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, "").trim();
  return name === "" || /^\.+$/.test(name) ? undefined : name;
}
