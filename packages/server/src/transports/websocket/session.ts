import type { Duplex } from "node:stream";
import type { Connection, Sender } from "@tidings/core";
import type { WebSocketCodec } from "./codec.ts";
import type { SocketCommands } from "./commands.ts";

/** What belongs to one WebSocket of a `tidings.v1` client. */
export interface Session {
  readonly connection: Connection;
  /** What the connection writes to. */
  readonly socket: Duplex;
  readonly codec: WebSocketCodec;
  readonly commands: SocketCommands;
  /** As what its ephemeral messages are counted, and told apart. */
  readonly sender: Sender;
}
