import type { ServerResponse } from "node:http";
import { TidingsError } from "@tidings/protocol";
import { checkAny } from "../../http/authorize.ts";
import { checkEncoding } from "../../http/body.ts";
import { sendProblem } from "../../http/problem.ts";
import { checkNames } from "../../http/query.ts";
import type { Exchange } from "../../http/router.ts";
import type { Services } from "../../http/services.ts";
import { unknown } from "../artifacts.ts";
import type { UploadRecord } from "../record.ts";
import type { Upload } from "../upload.ts";
import { checkRemove } from "./access.ts";
import { contentLength, readDigest, readMediaType, readUploadHeaders } from "./headers.ts";
import { readUploadQuery } from "./query.ts";
import { conflict, receive, uploadHeaders } from "./receive.ts";

const PARTIAL_UPLOAD = "application/partial-upload";

/**
 * `POST /artifacts`: stores the body. With `Upload-Complete` it is an upload that can be gone on with after its
 * connection broke (draft-ietf-httpbis-resumable-upload, §4.2).
 */
export async function serveUpload(services: Services, exchange: Exchange): Promise<void> {
  const { artifacts, limits, newId } = services;
  const { req, res, query, access } = exchange;
  checkAny(access, "publish");
  const { name, ttlMs, progress } = readUploadQuery(query, limits.artifactTtlMs);
  if (progress !== undefined) await access.check("publish", progress);
  checkEncoding(req);
  const type = readMediaType(req);
  const { complete, offset, length } = readUploadHeaders(req);
  if (offset !== undefined)
    throw new TidingsError(
      "HEADER_INVALID",
      "Upload-Offset is for PATCH: a new upload begins at 0. Leave it out.",
    );
  const isResumable = complete !== undefined;
  const completes = complete ?? true;
  const sent = contentLength(req);
  const whole = length ?? (completes ? sent : undefined);
  checkLengths(whole, sent, completes, 0);
  artifacts.checkRoom(sent ?? 0, whole ?? sent ?? 0);
  const digest = readDigest(req, "Repr-Digest");
  const contentDigest = readDigest(req, "Content-Digest");
  const record: UploadRecord = {
    id: newId(),
    type,
    ...(name === undefined ? {} : { name }),
    createdMs: Date.now(),
    ttlMs,
    ...(whole === undefined ? {} : { length: whole }),
    ...(digest === undefined ? {} : { sha256: digest }),
    ...(progress === undefined ? {} : { progress }),
  };
  const writer = await artifacts.uploads.begin(record, isResumable, () => req.destroy());
  if (isResumable) announce(services, res, writer.upload);
  await receive(services, exchange, { writer, completes, contentDigest, digest: undefined });
}

/** `PATCH /artifacts/{id}`: goes on with an upload (§4.4). */
export async function serveAppend(services: Services, exchange: Exchange): Promise<void> {
  const { artifacts, artifactsElsewhere } = services;
  const { req, res, query, name: id, access } = exchange;
  checkAny(access, "publish");
  checkNames(query, []);
  checkEncoding(req);
  const upload = artifacts.uploads.get(id);
  if (upload === undefined || !upload.isResumable) {
    const found = artifacts.isHere(id) ? undefined : await artifactsElsewhere?.locate(id);
    const { size } = found?.record ?? artifacts.get(id);
    const error = conflict("the upload is whole already: there is nothing to add to an artifact.");
    return sendProblem(res, error, { "Upload-Complete": "?1", "Upload-Offset": String(size) });
  }
  try {
    await append(services, exchange, upload);
  } catch (caught) {
    if (upload.isOver) throw caught;
    sendProblem(res, services.toError(caught), uploadHeaders(services, upload));
  }
}

async function append(services: Services, exchange: Exchange, upload: Upload): Promise<void> {
  const { artifacts } = services;
  const { req } = exchange;
  const type = readMediaType(req);
  if (type.toLowerCase() !== PARTIAL_UPLOAD) {
    throw new TidingsError(
      "CONTENT_TYPE_UNSUPPORTED",
      `a PATCH goes on with an upload, and its Content-Type is ${PARTIAL_UPLOAD}, whatever the upload's own type is.`,
    );
  }
  const { complete, offset, length } = readUploadHeaders(req);
  if (complete === undefined || offset === undefined) {
    throw new TidingsError(
      "HEADER_INVALID",
      "a PATCH needs Upload-Offset, where its bytes begin, and Upload-Complete: ?1 with the last of them, else ?0.",
    );
  }
  const contentDigest = readDigest(req, "Content-Digest");
  const digest = readDigest(req, "Repr-Digest");
  const sent = contentLength(req);
  const known = upload.record.length;
  if (length !== undefined && known !== undefined && length !== known)
    throw conflict(`Upload-Length says ${length}, and it was ${known} before; begin anew for another one.`);
  const whole = known ?? length ?? (complete && sent !== undefined ? offset + sent : undefined);
  const checkOffset = (): void => {
    if (offset !== upload.size)
      throw conflict(`the upload has ${upload.size} bytes, and not ${offset}; go on from there.`);
  };
  // Before what takes long, where it can be told already.
  if (!upload.isBeingWritten) checkOffset();
  checkLengths(whole, sent, complete, offset);
  artifacts.checkRoom(sent ?? 0, offset + (sent ?? 0));
  const writer = await artifacts.uploads.resume(upload, () => req.destroy());
  try {
    checkOffset();
    if (whole !== undefined) await artifacts.uploads.setLength(upload, whole);
  } catch (error) {
    await artifacts.uploads.end(writer);
    throw error;
  }
  await receive(services, exchange, { writer, completes: complete, contentDigest, digest });
}

/** `DELETE /artifacts/{id}`: removes an artifact, or cancels an upload (§4.5). */
export async function serveRemove(services: Services, { res, query, name, access }: Exchange): Promise<void> {
  const { artifacts, artifactsElsewhere } = services;
  checkRemove(access, artifacts.has(name) ? artifacts.get(name) : undefined);
  checkNames(query, []);
  const found = artifacts.isHere(name) ? undefined : await artifactsElsewhere?.locate(name);
  if (found === undefined) await artifacts.delete(name);
  else {
    checkRemove(access, found.record);
    await found.delete();
  }
  res.writeHead(204).end();
}

/** Where an upload stands (§4.3); whoever still adds to it is ended first, so that the answer stays true. */
export async function serveUploadHead(
  services: Services,
  res: ServerResponse,
  upload: Upload,
): Promise<void> {
  if (!upload.isResumable) throw unknown(upload.id);
  await upload.interrupt();
  const { Location: _, ...headers } = uploadHeaders(services, upload);
  res.writeHead(204, headers).end();
}

function checkLengths(
  whole: number | undefined,
  sent: number | undefined,
  completes: boolean,
  offset: number,
): void {
  if (whole === undefined || sent === undefined) return;
  const end = offset + sent;
  if (end > whole || (completes && end !== whole)) {
    throw conflict(
      `with this request the upload would have ${end} bytes, and its length is ${whole}; send what is missing, and no more.`,
    );
  }
}

/**
 * Tells the client at once where its upload is, so that it can go on should the connection break: 104 (Upload
 * Resumption Supported, §5). Only where the answer's turn has come: Node offers no other way than to write it.
 */
function announce(services: Services, res: ServerResponse, upload: Upload): void {
  const { socket, req } = res;
  if (socket === null || !socket.writable || req.httpVersion !== "1.1" || res.headersSent) return;
  const { Location, "Upload-Limit": limit } = uploadHeaders(services, upload);
  socket.write(
    `HTTP/1.1 104 Upload Resumption Supported\r\nLocation: ${Location}\r\nUpload-Limit: ${limit}\r\n\r\n`,
  );
}
