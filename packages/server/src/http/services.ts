import type {
  ConnectionOptions,
  Hub,
  PayloadStore,
  Policies,
  Presence,
  Publisher,
  SplitLog,
} from "@tidings/core";
import { type Limits, TidingsError } from "@tidings/protocol";
import type { Logger } from "pino";
import type { Gate, Revocations, Sessions } from "../auth/index.ts";
import type { Artifacts, ArtifactsElsewhere } from "../artifacts/index.ts";
import type { Commands } from "../commands/index.ts";
import type { ConfigEntry } from "../config/index.ts";
import type { Insight } from "../insight/index.ts";
import type { Nodes } from "../nodes/index.ts";
import type { Addresses } from "./address.ts";
import type { Admission } from "./admission.ts";
import type { Arrivals } from "./arrivals.ts";
import type { Connections } from "./connections.ts";
import type { Refusals } from "./refusals.ts";
import type { Senders } from "./senders.ts";
import type { Sockets } from "./sockets.ts";

/** What a server has that asks who comes in. */
export interface AuthServices {
  readonly gate: Gate;
  readonly sessions: Sessions;
  readonly revocations: Revocations;
}

/**
 * What is compressed for clients that ask for it. `http`: event streams and NDJSON, with gzip. `all`: WebSockets too, with
 * permessage-deflate.
 */
export type Compression = "off" | "http" | "all";

/** What the rooms of the server share. */
export interface Services {
  readonly log: SplitLog;
  readonly hub: Hub;
  readonly publisher: Publisher;
  readonly policies: Policies;
  readonly artifacts: Artifacts;
  /** Those of other nodes, where there can be any. */
  readonly artifactsElsewhere: ArtifactsElsewhere | undefined;
  /** Where payloads go that are too large to travel inline: the artifacts, of whichever process has them. */
  readonly payloads: PayloadStore;
  readonly presence: Presence;
  readonly limits: Limits;
  readonly compression: Compression;
  readonly connections: Connections;
  /** What all streams and sockets have in common. */
  readonly connection: ConnectionOptions;
  /** Those that ask to read, when they are many. */
  readonly admission: Admission;
  /** How fast streams and WebSockets are opened. */
  readonly arrivals: Arrivals;
  /** Of the server's own listeners. */
  readonly sockets: Sockets;
  /** What peers were told no for. */
  readonly refusals: Refusals;
  /** Those that publish. */
  readonly senders: Senders;
  readonly commands: Commands;
  /** As an administrator sees it. */
  readonly configuration: readonly ConfigEntry[];
  /** What the node tells of itself. */
  readonly insight: Insight;
  /** Absent where the server is open. */
  readonly auth: AuthServices | undefined;
  readonly addresses: Addresses;
  readonly logger: Logger;
  /** Those of the log, where several may be on it. */
  readonly nodes: Nodes | undefined;
  /** Of this process: what it says of itself holds for no other. */
  readonly nodeId: string;
  /** A fresh, unguessable id. */
  readonly newId: () => string;
  /** Makes any failure fit for a peer's eyes; what is the server's own fault is logged and told as `INTERNAL`. `request` is the id of what met it. */
  readonly toError: (error: unknown, request?: string) => TidingsError;
}

/** Bytes of the log that one stream reads at a time while it catches up: what a reader that never reads costs, about. */
export const CATCH_UP_BYTES = 65_536;

/** See {@link Services.toError}. */
export function errorMaker(logger: Logger): Services["toError"] {
  return (error, request) => {
    if (error instanceof TidingsError) return error;
    logger.error({ err: error, ...(request === undefined ? {} : { request }) }, "unexpected failure");
    return new TidingsError(
      "INTERNAL",
      "the server met a fault of its own, which its log tells; try again.",
      {},
      error,
    );
  };
}
