import type { ServerResponse } from "node:http";
import { TidingsError } from "@tidings/protocol";
import { sendProblem } from "../../http/problem.ts";
import { checkNames } from "../../http/query.ts";
import type { Exchange } from "../../http/router.ts";
import type { Services } from "../../http/services.ts";
import type { ArtifactRecord } from "../record.ts";
import type { StoredBody } from "../store.ts";
import { checkRead } from "./access.ts";
import { etagOf, isNotModified, isRangeOf, lastModifiedOf } from "./conditions.ts";
import { dispositionOf } from "./disposition.ts";
import { formatDigest } from "./headers.ts";
import { parseRange } from "./range.ts";
import { serveUploadHead } from "./upload.ts";

/** Two buffers of this size are all that a download takes, however slow its reader is. */
const BUFFER_BYTES = 65_536;

/** `GET` and `HEAD /artifacts/{id}`: the body, or a range of it. HEAD also tells how far an upload is. */
export async function serveArtifact(
  services: Services,
  { req, res, query, name, access }: Exchange,
): Promise<void> {
  const { artifacts, artifactsElsewhere: elsewhere } = services;
  await checkRead(access, artifacts.has(name) ? artifacts.get(name) : undefined);
  checkNames(query, []);
  const upload = req.method === "HEAD" ? services.artifacts.uploads.get(name) : undefined;
  // One that was being ended may be an artifact once it has been waited for.
  if (upload?.isResumable === true && upload.isBeingWritten) await upload.interrupt();
  if (upload !== undefined && !upload.isOver) return serveUploadHead(services, res, upload);
  const found = artifacts.isHere(name) ? undefined : await elsewhere?.locate(name);
  if (found !== undefined) await checkRead(access, found.record);
  const record = found?.record ?? artifacts.get(name);
  const headers = commonHeaders(record);
  if (isNotModified(req, record)) return void res.writeHead(304, headers).end();
  const isRanged = req.method === "GET" && isRangeOf(req, record);
  const range = isRanged ? parseRange(req.headers.range, record.size) : undefined;
  if (range === "unsatisfiable") {
    const error = new TidingsError(
      "RANGE_INVALID",
      `the artifact has ${record.size} bytes, and the range asks for others; ask for bytes from 0 to ${record.size - 1}.`,
    );
    return sendProblem(res, error, { "Content-Range": `bytes */${record.size}`, "Accept-Ranges": "bytes" });
  }
  const { start, end } = range ?? { start: 0, end: record.size - 1 };
  const all = {
    ...headers,
    ...bodyHeaders(record),
    "Content-Length": end - start + 1,
    ...(range === undefined ? {} : { "Content-Range": `bytes ${start}-${end}/${record.size}` }),
    ...(req.method === "HEAD" ? { "Upload-Complete": "?1", "Upload-Offset": String(record.size) } : {}),
  };
  const status = range === undefined ? 200 : 206;
  if (req.method === "HEAD") return void res.writeHead(status, all).end();
  const body = found === undefined ? await artifacts.open(name) : found.open();
  try {
    res.writeHead(status, all);
    await copy(body, res, start, end + 1);
  } finally {
    await body.close();
  }
}

function commonHeaders(record: ArtifactRecord): Record<string, string> {
  return {
    ETag: etagOf(record),
    "Last-Modified": lastModifiedOf(record),
    // The id is of these bytes and no others, for ever.
    "Cache-Control": "private, max-age=31536000, immutable",
  };
}

function bodyHeaders({ type, name, sha256 }: ArtifactRecord): Record<string, string> {
  return {
    "Content-Type": type,
    "Content-Disposition": dispositionOf(type, name),
    "Repr-Digest": formatDigest(sha256),
    "Accept-Ranges": "bytes",
    // What somebody uploaded is never a page of this server's: no guess at its type, no script, no frame of its own.
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
  };
}

/** Sends bytes of a body, the next part read while one is on its way. Ends with the connection, if that is first. */
async function copy(body: StoredBody, res: ServerResponse, start: number, end: number): Promise<void> {
  const size = Math.min(BUFFER_BYTES, end - start);
  let [next, other] = [Buffer.allocUnsafeSlow(size), Buffer.allocUnsafeSlow(size)];
  let sending: Promise<boolean> = Promise.resolve(true);
  for (let position = start; position < end;) {
    const read = await body.read(next.subarray(0, Math.min(size, end - position)), position);
    if (!(await sending)) return;
    // Shorter than its record says: the client must see that it is not whole.
    if (read === 0) return void res.destroy();
    position += read;
    sending = send(res, next.subarray(0, read));
    [next, other] = [other, next];
  }
  if (await sending) res.end();
}

/** Resolves once the bytes have left the buffer; to false, when the client has gone. */
async function send(res: ServerResponse, bytes: Uint8Array): Promise<boolean> {
  if (res.destroyed) return false;
  return new Promise((resolve) => {
    const gone = (): void => resolve(false);
    res.once("close", gone);
    res.write(bytes, (error) => {
      res.off("close", gone);
      resolve(error === null || error === undefined);
    });
  });
}
