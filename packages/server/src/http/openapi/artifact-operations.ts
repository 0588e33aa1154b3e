import type { Limits } from "@tidings/protocol";
import { media, schemaRef } from "./content.ts";
import { headerRefs } from "./headers.ts";
import { ifNoneMatch, query } from "./parameters.ts";
import { problems } from "./problems.ts";

const bytes = { type: "string", format: "binary" };

const state = headerRefs({
  "Upload-Complete": "UploadComplete",
  "Upload-Offset": "UploadOffset",
  "Upload-Length": "UploadLength",
  "Upload-Limit": "UploadLimit",
});

/** `POST /artifacts`. */
export function uploadOperation(limits: Limits): object {
  return {
    operationId: "upload",
    tags: ["artifacts"],
    summary: "Store a body of any size and type.",
    description:
      "The body is streamed to the store. With `Upload-Complete` it is a resumable upload (draft-ietf-httpbis-resumable-upload): " +
      "what arrived before its connection broke stays, `HEAD` tells how much that is, and `PATCH` goes on. Such a request is " +
      "answered with 104 (Upload Resumption Supported) and `Location` before anything else. Without, half a body leaves nothing. " +
      `At most ${limits.maxArtifactBytes} bytes.`,
    parameters: [
      query("name", "The file name that it is saved under again; at most 255 bytes.", { type: "string" }),
      query("ttl", "Seconds that it is kept for where no message names it.", {
        type: "integer",
        minimum: 1,
        maximum: 315_360_000,
        default: Math.ceil(limits.artifactTtlMs / 1_000),
      }),
      query(
        "progress",
        "A channel that is told how it goes: `progress` messages, at most four a second, then `complete` or `failed`.",
        schemaRef("Channel"),
      ),
      header("Upload-Complete", "`?1`: the whole is in this body. `?0`: more comes.", { enum: ["?0", "?1"] }),
      header("Upload-Length", "The size of the whole, in bytes.", { type: "integer", minimum: 0 }),
      ...digests,
    ],
    requestBody: { required: true, content: { "*/*": media(bytes) } },
    responses: {
      "201": {
        description: "Stored; or, after `Upload-Complete: ?0`, begun: the answer has no body then.",
        headers: { ...headerRefs({ Location: "Location" }), ...state },
        content: { "application/json": media(schemaRef("Artifact")) },
      },
      ...problems(
        "QUERY_INVALID",
        "HEADER_INVALID",
        "BODY_INVALID",
        "DIGEST_MISMATCH",
        "CHANNEL_NAME_INVALID",
        "CHANNEL_RESERVED",
        "PUBLISH_FORBIDDEN",
        "UPLOAD_CONFLICT",
        "ARTIFACT_TOO_LARGE",
        "CONTENT_TYPE_UNSUPPORTED",
        "TOO_MANY_CONNECTIONS",
        "STORE_FULL",
        "LOG_UNAVAILABLE",
        "LOG_FULL",
      ),
    },
  };
}

/** All that `/artifacts/{artifact}` does. */
export function artifactOperations(): object {
  return {
    parameters: [
      {
        name: "artifact",
        in: "path",
        required: true,
        description: "The artifact's id.",
        schema: { type: "string" },
      },
    ],
    get: download(),
    head: describe(),
    patch: append(),
    delete: remove(),
  };
}

function download(): object {
  const headers = headerRefs({
    ETag: "ArtifactETag",
    "Repr-Digest": "ReprDigest",
    "Content-Disposition": "ContentDisposition",
  });
  return {
    operationId: "download",
    tags: ["artifacts"],
    summary: "Fetch an artifact, or a range of it.",
    parameters: [
      header("Range", "One range of bytes; several are answered with the whole.", { type: "string" }),
      header("If-Range", "The `ETag`, or the `Last-Modified`, that the range is of.", { type: "string" }),
      ifNoneMatch,
    ],
    responses: {
      "200": { description: "The whole.", headers, content: { "*/*": media(bytes) } },
      "206": { description: "The range.", headers, content: { "*/*": media(bytes) } },
      "304": { description: "The client has it.", headers: headerRefs({ ETag: "ArtifactETag" }) },
      ...problems("QUERY_INVALID", "ARTIFACT_UNKNOWN", "RANGE_INVALID", "TOO_MANY_CONNECTIONS"),
    },
  };
}

function describe(): object {
  return {
    operationId: "describeArtifact",
    tags: ["artifacts"],
    summary: "What an artifact is, or how far its upload is.",
    description: "Of an upload that another request still adds to, that request is ended first.",
    responses: {
      "200": {
        description: "An artifact.",
        headers: { ...headerRefs({ ETag: "ArtifactETag", "Repr-Digest": "ReprDigest" }), ...state },
      },
      "204": { description: "An upload that is not whole yet.", headers: state },
      "304": { description: "The client has it.", headers: headerRefs({ ETag: "ArtifactETag" }) },
      ...problems("QUERY_INVALID", "ARTIFACT_UNKNOWN"),
    },
  };
}

function append(): object {
  return {
    operationId: "appendToUpload",
    tags: ["artifacts"],
    summary: "Go on with a resumable upload.",
    parameters: [
      header(
        "Upload-Offset",
        "Where this body begins: what `HEAD` told.",
        { type: "integer", minimum: 0 },
        true,
      ),
      header("Upload-Complete", "`?1` with the last bytes, else `?0`.", { enum: ["?0", "?1"] }, true),
      header("Upload-Length", "The size of the whole, in bytes.", { type: "integer", minimum: 0 }),
      ...digests,
    ],
    requestBody: { required: true, content: { "application/partial-upload": media(bytes) } },
    responses: {
      "201": {
        description: "It is whole: an artifact now.",
        headers: { ...headerRefs({ Location: "Location" }), ...state },
        content: { "application/json": media(schemaRef("Artifact")) },
      },
      "204": { description: "Added, and durable.", headers: state },
      ...problems(
        "QUERY_INVALID",
        "HEADER_INVALID",
        "BODY_INVALID",
        "DIGEST_MISMATCH",
        "ARTIFACT_UNKNOWN",
        "UPLOAD_CONFLICT",
        "ARTIFACT_TOO_LARGE",
        "CONTENT_TYPE_UNSUPPORTED",
        "TOO_MANY_CONNECTIONS",
        "STORE_FULL",
      ),
    },
  };
}

function remove(): object {
  return {
    operationId: "deleteArtifact",
    tags: ["artifacts"],
    summary: "Delete an artifact, whatever names it, or cancel an upload.",
    responses: {
      "204": { description: "Gone." },
      ...problems("QUERY_INVALID", "ARTIFACT_UNKNOWN"),
    },
  };
}

function header(name: string, description: string, schema: object, required = false): object {
  return { name, in: "header", description, schema, ...(required ? { required } : {}) };
}

const digests = [
  header("Content-Digest", "`sha-256=:…:` of this body, which is checked (RFC 9530).", { type: "string" }),
  header("Repr-Digest", "`sha-256=:…:` of the whole, which is checked (RFC 9530).", { type: "string" }),
];
