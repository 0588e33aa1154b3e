import type { Connection, Sender } from "@tidings/core";
import type { WebSocketCodec } from "./codec.ts";
import type { SocketCommands } from "./commands.ts";

/** What belongs to one WebSocket of a `tidings.v1` client. */
export interface Session {
  readonly connection: Connection;
  readonly codec: WebSocketCodec;
  readonly commands: SocketCommands;
  /** To be called ahead of an answer: what is answered together, as a commit answers many publishes, is one write. */
  readonly gather: () => void;
  /** As what its ephemeral messages are counted, and told apart. */
  readonly sender: Sender;
}
