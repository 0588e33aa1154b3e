import type { ServerResponse } from "node:http";
import type { StreamCodec } from "@tidings/core";
import { ndjsonFormat } from "@tidings/protocol";
import type { ReadQuery } from "../../http/query.ts";
import type { Access } from "../../auth/index.ts";
import { openResponseStream, type StreamKind } from "../../http/response-stream.ts";
import type { Services } from "../../http/services.ts";

const NDJSON: StreamKind = {
  transport: "ndjson",
  contentType: "application/x-ndjson; charset=utf-8",
  heartbeat: Buffer.from('{"type":"heartbeat"}\n'),
};

const ndjsonCodec: StreamCodec = {
  format: ndjsonFormat,
  frame: (frame) => Buffer.from(`${JSON.stringify(frame)}\n`),
  json: (_type, text) => Buffer.from(`${text}\n`),
};

/** A JSON object a line: every frame and every message, on one channel or on all that the query names. */
export async function serveNdjson(
  services: Services,
  res: ServerResponse,
  query: ReadQuery,
  isMulti: boolean,
  access: Access,
): Promise<void> {
  await openResponseStream(services, res, query, access, NDJSON, {
    codec: ndjsonCodec,
    isMulti,
    preamble: Buffer.alloc(0),
  });
}
