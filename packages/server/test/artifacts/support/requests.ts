import { createHash } from "node:crypto";
import { type Answer, send } from "@tidings/testing";

/** What the server answers of a new artifact. */
export interface Uploaded {
  readonly id: string;
  readonly url: string;
  readonly size: number;
  readonly type: string;
  readonly sha256: string;
  readonly name?: string;
  readonly expiresAt: string;
}

export function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

/** As `Content-Digest` and `Repr-Digest` carry it. */
export function digestHeader(data: string | Uint8Array): string {
  return `sha-256=:${createHash("sha256").update(data).digest("base64")}:`;
}

/** Uploads in one plain request. */
export async function upload(
  url: string,
  body: string | Uint8Array,
  headers: Readonly<Record<string, string>> = {},
  query = "",
): Promise<Uploaded> {
  const answer = await send(`${url}/artifacts${query}`, { method: "POST", headers, body });
  if (answer.status !== 201) throw new Error(`status ${answer.status}: ${answer.text}`);
  return answer.json() as Uploaded;
}

/** Begins an upload that can be gone on with; answers its URL. */
export async function beginUpload(
  url: string,
  body = "",
  headers: Readonly<Record<string, string>> = {},
  query = "",
): Promise<string> {
  const answer = await send(`${url}/artifacts${query}`, {
    method: "POST",
    headers: { "upload-complete": "?0", ...headers },
    body,
  });
  if (answer.status !== 201) throw new Error(`status ${answer.status}: ${answer.text}`);
  return url + String(answer.headers["location"]);
}

/** Goes on with an upload. */
export async function append(
  upload: string,
  offset: number,
  body: string | Uint8Array,
  isLast: boolean,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return send(upload, {
    method: "PATCH",
    headers: {
      "content-type": "application/partial-upload",
      "upload-offset": String(offset),
      "upload-complete": isLast ? "?1" : "?0",
      ...headers,
    },
    body,
  });
}

export function codeOf(answer: Answer): string {
  return (answer.json() as { code: string }).code;
}

/** Asks until it is so: for what no event tells. */
export async function untilTrue(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const untilMs = performance.now() + 10_000;
  while (!(await isSo())) {
    if (performance.now() > untilMs) throw new Error("it did not become so within 10 s");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
