import { DEFAULT_LIMITS, type Limits } from "@tidings/protocol";
import { version } from "../version.ts";
import { adminOperations, adminSchemas } from "./openapi/admin-operations.ts";
import { artifactOperations, uploadOperation } from "./openapi/artifact-operations.ts";
import { channelOperations, listOperation } from "./openapi/channel-operations.ts";
import { commandListOperation, commandOperation } from "./openapi/command-operations.ts";
import { connectByBodyOperation, connectOperation, patchOperation } from "./openapi/connect-operations.ts";
import { credentialOperations } from "./openapi/credential-operations.ts";
import { headers } from "./openapi/headers.ts";
import { presenceOperations, presenceSchemas } from "./openapi/presence-operations.ts";
import { schemas } from "./openapi/schemas.ts";
import { systemOperations } from "./openapi/system-operations.ts";

/** Every URL of the server as an OpenAPI 3.1 document, with the bounds that these limits set. */
export function describeApi(limits: Limits): object {
  return {
    openapi: "3.1.0",
    info: {
      title: "Tidings",
      version,
      summary: "Publish once; every reader gets every message of the channel, in order, over any transport.",
      description:
        "Streams (SSE, NDJSON, WebSocket) are described here as answers whose body goes on; their frames, and the " +
        "WebSocket's in both directions, are told in PROTOCOL.md. Every fault is a problem (RFC 9457) with a stable " +
        "`code`. Parameters that are not known are refused, not passed over.",
      license: { name: "MIT", identifier: "MIT" },
    },
    // Relative to this document, so that it holds below a base path too.
    servers: [{ url: "." }],
    tags: [
      { name: "channels", description: "Publish to a channel, read it, look at it, truncate it." },
      { name: "connections", description: "Many channels on one connection." },
      { name: "commands", description: "Requests with an answer of their own." },
      { name: "artifacts", description: "Payloads too large to travel in a message, and files of any size." },
      { name: "presence", description: "Who is in a channel." },
      { name: "credentials", description: "Tickets, and what was revoked." },
      { name: "administration", description: "What operators look at, and do." },
      { name: "system", description: "Health, metrics, and this document." },
    ],
    paths: {
      "/channels": { get: listOperation() },
      "/channels/{channel}": channelOperations(limits),
      "/connect": { get: connectOperation(limits), post: connectByBodyOperation(limits) },
      "/connections/{connection}": { patch: patchOperation(limits) },
      "/commands": { get: commandListOperation() },
      "/commands/{command}": { post: commandOperation(limits) },
      "/artifacts": { post: uploadOperation(limits) },
      "/artifacts/{artifact}": artifactOperations(),
      "/presence/{channel}": presenceOperations(limits),
      ...credentialOperations(),
      ...adminOperations(),
      ...systemOperations(),
    },
    // One of them, or none where the server asks nobody, or the operation is for anonymous ones too.
    security: [{ bearer: [] }, { ticket: [] }, {}],
    components: {
      schemas: { ...schemas(limits), ...presenceSchemas, ...adminSchemas },
      headers,
      securitySchemes,
    },
  };
}

const securitySchemes = {
  bearer: { type: "http", scheme: "bearer", description: "A JSON Web Token, or an API key." },
  ticket: {
    type: "apiKey",
    in: "query",
    name: "ticket",
    description: "From `POST /tickets`: once, and for 30 s.",
  },
};

/** {@link describeApi} with the default limits. */
export const openApi: object = describeApi(DEFAULT_LIMITS);
