import { DEFAULT_LIMITS, type Limits } from "@tidings/protocol";
import { version } from "../version.ts";
import { channelOperations, listOperation } from "./openapi/channel-operations.ts";
import { connectOperation, patchOperation } from "./openapi/connect-operations.ts";
import { headers } from "./openapi/headers.ts";
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
      { name: "system", description: "Health, metrics, and this document." },
    ],
    paths: {
      "/channels": { get: listOperation() },
      "/channels/{channel}": channelOperations(limits),
      "/connect": { get: connectOperation(limits) },
      "/connections/{connection}": { patch: patchOperation(limits) },
      ...systemOperations(),
    },
    components: { schemas: schemas(limits), headers },
  };
}

/** {@link describeApi} with the default limits. */
export const openApi: object = describeApi(DEFAULT_LIMITS);
