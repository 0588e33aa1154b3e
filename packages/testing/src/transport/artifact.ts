import { createHash } from "node:crypto";
import { request } from "node:http";
import type { ArtifactReference } from "@tidings/protocol";

/** What an artifact's URL answers. */
export interface Fetched {
  readonly status: number;
  readonly type: string | undefined;
  readonly size: number;
  /** In hexadecimal. */
  readonly sha256: string;
}

/** Fetches an artifact as a reader does: by the URL in the message, from the server's root on. */
export async function fetchArtifact(base: string, { url }: Pick<ArtifactReference, "url">): Promise<Fetched> {
  return new Promise((resolve, reject) => {
    const sent = request(new URL(url, base), { agent: false }, (response) => {
      const hash = createHash("sha256");
      let size = 0;
      response.on("data", (part: Buffer) => {
        size += part.length;
        hash.update(part);
      });
      response.on("error", reject);
      response.on("end", () => {
        const type = response.headers["content-type"];
        resolve({ status: response.statusCode ?? 0, type, size, sha256: hash.digest("hex") });
      });
    });
    sent.on("error", reject);
    sent.end();
  });
}

export function sha256Of(data: Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}
