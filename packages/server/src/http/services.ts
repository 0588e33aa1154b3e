import type { ConnectionOptions, Hub, Log, Policies, Presence, Publisher } from "@tidings/core";
import { type Limits, TidingsError } from "@tidings/protocol";
import type { Logger } from "pino";
import type { Artifacts } from "../artifacts/index.ts";
import type { Commands } from "../commands/index.ts";
import type { Admission } from "./admission.ts";
import type { Connections } from "./connections.ts";
import type { Senders } from "./senders.ts";

/**
 * What is compressed for clients that ask for it. `http`: event streams and NDJSON, with gzip. `all`: WebSockets too, with
 * permessage-deflate.
 */
export type Compression = "off" | "http" | "all";

/** What the rooms of the server share. */
export interface Services {
  readonly log: Log;
  readonly hub: Hub;
  readonly publisher: Publisher;
  readonly policies: Policies;
  readonly artifacts: Artifacts;
  readonly presence: Presence;
  readonly limits: Limits;
  readonly compression: Compression;
  readonly connections: Connections;
  /** What all streams and sockets have in common. */
  readonly connection: ConnectionOptions;
  /** Those that ask to read, when they are many. */
  readonly admission: Admission;
  /** Those that publish over HTTP. */
  readonly senders: Senders;
  readonly commands: Commands;
  readonly logger: Logger;
  /** Of this process: what it says of itself holds for no other. */
  readonly nodeId: string;
  /** A fresh, unguessable id. */
  readonly newId: () => string;
  /** Makes any failure fit for a peer's eyes; what is the server's own fault is logged and told as `INTERNAL`. */
  readonly toError: (error: unknown) => TidingsError;
}

/** Bytes of the log that one stream reads at a time while it catches up: what a reader that never reads costs, about. */
export const CATCH_UP_BYTES = 65_536;

/** See {@link Services.toError}. */
export function errorMaker(logger: Logger): (error: unknown) => TidingsError {
  return (error) => {
    if (error instanceof TidingsError) return error;
    logger.error({ err: error }, "unexpected failure");
    return new TidingsError(
      "INTERNAL",
      "the server met a fault of its own, which its log tells; try again.",
      {},
      error,
    );
  };
}
