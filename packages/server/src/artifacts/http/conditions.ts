import type { IncomingMessage } from "node:http";
import type { ArtifactRecord } from "../record.ts";

export function etagOf({ sha256 }: Pick<ArtifactRecord, "sha256">): string {
  return `"${sha256}"`;
}

export function lastModifiedOf({ createdMs }: Pick<ArtifactRecord, "createdMs">): string {
  return new Date(createdMs).toUTCString();
}

/** Whether the client has it already (RFC 9110 §13.1.2, §13.1.3). */
export function isNotModified(req: IncomingMessage, record: ArtifactRecord): boolean {
  const tags = req.headers["if-none-match"];
  if (tags !== undefined) {
    const wanted = etagOf(record);
    return tags.split(",").some((each) => {
      const tag = each.trim();
      return tag === "*" || tag.replace(/^W\//, "") === wanted;
    });
  }
  const since = Date.parse(req.headers["if-modified-since"] ?? "");
  return Math.floor(record.createdMs / 1_000) * 1_000 <= since;
}

/** Whether a range still means what the client thinks (RFC 9110 §13.1.5). */
export function isRangeOf(req: IncomingMessage, record: ArtifactRecord): boolean {
  const given = req.headers["if-range"];
  if (given === undefined) return true;
  const text = String(given).trim();
  return text === etagOf(record) || text === lastModifiedOf(record);
}
