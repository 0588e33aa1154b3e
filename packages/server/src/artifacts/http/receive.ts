import { createHash } from "node:crypto";
import { TidingsError } from "@tidings/protocol";
import { eachPart } from "../../http/body.ts";
import { freePart } from "../../http/free-part.ts";
import { sendJson, sendProblem } from "../../http/problem.ts";
import type { Exchange } from "../../http/router.ts";
import type { Services } from "../../http/services.ts";
import type { ArtifactRecord } from "../record.ts";
import type { Upload, UploadWriter } from "../upload.ts";
import { digestMismatch } from "../uploads.ts";
import { Progress } from "./progress.ts";

/** What one request brings of an upload. */
export interface Part {
  readonly writer: UploadWriter;
  /** Whether the upload is whole with it. */
  readonly completes: boolean;
  /** SHA-256 of this request's body, where it says it. */
  readonly contentDigest: string | undefined;
  /** SHA-256 of the whole, where this request says it. */
  readonly digest: string | undefined;
}

/** Takes a request's body into an upload, ends the upload where that is said, and answers. */
export async function receive(services: Services, exchange: Exchange, part: Part): Promise<void> {
  const { artifacts, toError } = services;
  const { upload } = part.writer;
  const { progress: channel, length } = upload.record;
  const progress = channel === undefined ? undefined : new Progress(services, channel, upload.id, length);
  let record: ArtifactRecord | undefined;
  try {
    record = await addBody(services, exchange, part, progress);
  } catch (caught) {
    const error = toError(caught);
    // What is larger than any artifact may be has no use: there is nothing to go on with.
    if (error.code === "ARTIFACT_TOO_LARGE") await artifacts.uploads.drop(upload);
    const isOver = upload.isOver || !upload.isResumable;
    if (isOver) void progress?.failed(error);
    else await progress?.pause(upload.size);
    await end(services, part.writer);
    return sendProblem(exchange.res, error, isOver ? {} : uploadHeaders(services, upload));
  }
  await end(services, part.writer);
  if (record === undefined) {
    await progress?.pause(upload.size);
    const headers = uploadHeaders(services, upload);
    return void exchange.res.writeHead(exchange.req.method === "POST" ? 201 : 204, headers).end();
  }
  await progress?.complete(artifacts.referenceOf(record));
  sendCreated(services, exchange, record, upload.isResumable);
}

async function addBody(
  { artifacts }: Services,
  { req }: Exchange,
  { writer, completes, contentDigest, digest }: Part,
  progress: Progress | undefined,
): Promise<ArtifactRecord | undefined> {
  const from = writer.size;
  await progress?.begin(from);
  const hash = contentDigest === undefined ? undefined : createHash("sha256");
  await eachPart(
    req,
    async (bytes) => {
      await writer.append(bytes);
      hash?.update(bytes);
      progress?.report(writer.size);
      freePart(bytes);
    },
    { idle: () => true },
  );
  const found = hash?.digest("hex");
  if (contentDigest !== undefined && found !== undefined && found !== contentDigest) {
    await writer.truncate(from);
    throw digestMismatch(contentDigest, found);
  }
  if (!completes) {
    await writer.sync();
    return undefined;
  }
  return artifacts.uploads.finish(writer, digest);
}

async function end({ artifacts, logger }: Services, writer: UploadWriter): Promise<void> {
  try {
    await artifacts.uploads.end(writer);
  } catch (error) {
    logger.warn({ err: error, id: writer.upload.id }, "an upload could not be put away");
  }
}

/** Where an upload stands, as every answer about it says it. */
export function uploadHeaders({ artifacts, limits }: Services, upload: Upload): Record<string, string> {
  const { length } = upload.record;
  return {
    Location: artifacts.urlOf(upload.id),
    "Upload-Complete": "?0",
    "Upload-Offset": String(upload.size),
    ...(length === undefined ? {} : { "Upload-Length": String(length) }),
    "Upload-Limit": `max-size=${limits.maxArtifactBytes}, max-age=${Math.ceil(limits.uploadTtlMs / 1_000)}`,
    "Cache-Control": "no-store",
  };
}

function sendCreated(
  { artifacts }: Services,
  { res }: Exchange,
  record: ArtifactRecord,
  isResumable: boolean,
): void {
  const { id, size, type, sha256, name, expiresAtMs } = record;
  const url = artifacts.urlOf(id);
  sendJson(
    res,
    201,
    {
      id,
      url,
      size,
      type,
      sha256,
      ...(name === undefined ? {} : { name }),
      ...(expiresAtMs === undefined ? {} : { expiresAt: new Date(expiresAtMs).toISOString() }),
    },
    {
      Location: url,
      ...(isResumable ? { "Upload-Complete": "?1", "Upload-Offset": String(size) } : {}),
    },
  );
}

/** Of a client that is ahead, or behind, or of what is whole already. */
export function conflict(message: string): TidingsError {
  return new TidingsError("UPLOAD_CONFLICT", message);
}
