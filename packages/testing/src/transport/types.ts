import type { Policy } from "@tidings/core";
import type {
  ArtifactReference,
  ErrorCode,
  GapReason,
  Limits,
  PayloadKind,
  PresenceFrame,
} from "@tidings/protocol";

/** What a server is opened with for a case; everything else is as by default. */
export interface ServerOptions {
  readonly limits?: Partial<Limits>;
  readonly policies?: readonly Policy[];
  /** Commands that HTTP backends answer. */
  readonly commands?: readonly { readonly pattern: string; readonly url: string }[];
}

/** A running server. Disposing of it closes it and takes its files away. */
export interface ServerUnderTest extends AsyncDisposable {
  readonly url: string;
  /** Closes the server and opens it again, at the same address and on the same log's files. */
  restart(): Promise<void>;
}

/** A log to run the list on. */
export interface LogUnderTest {
  readonly name: string;
  /** Whether what was acknowledged is there after a restart. */
  readonly isDurable: boolean;
  open(options?: ServerOptions): Promise<ServerUnderTest>;
}

/** What reading can bring, whatever the transport. */
export type StreamEvent =
  /** Where the reader stands as it begins. A poll says so only where its first page is empty. */
  | { readonly type: "opened"; readonly channel: string; readonly cursor: string }
  | Delivered
  | GapEvent
  | { readonly type: "caught-up"; readonly channel: string }
  | { readonly type: "error"; readonly code: ErrorCode; readonly channel?: string; readonly status?: number }
  | { readonly type: "draining"; readonly reconnectInMs: number }
  | PresenceFrame
  /** The cursors after this point, where they are told apart from messages. */
  | { readonly type: "position"; readonly cursors: ReadonlyMap<string, string> };

interface GapEvent {
  readonly type: "gap";
  readonly channel: string;
  readonly reason: GapReason;
  readonly from: string;
  readonly to: string;
  readonly missed: number | null;
}

export interface Delivered {
  readonly type: "message";
  readonly channel: string;
  /** Absent on an ephemeral message. */
  readonly cursor?: string;
  readonly event: string;
  readonly key?: string;
  /** Absent where the transport does not tell. */
  readonly kind?: PayloadKind;
  /** JSON as it stood on the wire, the text, or the base64 of the bytes; empty where there is none. */
  readonly data: string;
  readonly artifact?: ArtifactReference;
  readonly preview?: unknown;
  readonly deleted?: true;
}

export interface ReadOptions {
  readonly channels: readonly string[];
  /** Of channels without a start of their own: a cursor, `earliest` or `latest`; else what the transport does by itself. */
  readonly since?: string;
  readonly last?: number;
  /** By channel, where a reader goes on. */
  readonly cursors?: ReadonlyMap<string, string>;
  readonly events?: readonly string[];
  readonly gap?: "fail";
  /** To be told of the channels' presence too. */
  readonly presence?: boolean;
  /** By channel, the version of that which is known. */
  readonly versions?: ReadonlyMap<string, string>;
}

/** One client that reads, and keeps its position as a client of its transport can. */
export interface TransportStream extends AsyncDisposable {
  /** The next event; `undefined` once the stream is over. */
  next(): Promise<StreamEvent | undefined>;
  /** By channel, the cursor after what {@link next} has given out. */
  readonly cursors: ReadonlyMap<string, string>;
  /** Of `PATCH /connections/{id}`. */
  readonly connection: string | undefined;
  /** Of a WebSocket that was closed by the server. */
  readonly closeCode: number | undefined;
  /** Stops taking bytes from the network; a poll is not asked meanwhile. */
  pause(): void;
  resume(): void;
  /** Ends without a word, as a network does. */
  cut(): void;
  /** Cuts, and begins another one where this one stands: at the same server, or at another one's URL. */
  reopen(url?: string): Promise<TransportStream>;
}

/** One transport, as a client uses it. */
export interface TransportDriver {
  readonly name: string;
  /** `/connect` and many channels, or one channel's own URL. */
  readonly isMulti: boolean;
  /** A stream stays open; a poll asks anew. */
  readonly isStream: boolean;
  /** Of a poll: whether it can tell who is there. */
  readonly tellsPresence?: boolean;
  /** Whether a reader that does not say where begins with what comes next. */
  readonly beginsLive: boolean;
  /** Whether the client is held while there is nothing, and counts as a connection. */
  readonly isHeld: boolean;
  /** Whether a message tells what kind its payload is. */
  readonly tellsKind: boolean;
  /** Whether it asks for payloads of bytes in binary frames. */
  readonly isBinary?: boolean;
  open(url: string, options: ReadOptions): Promise<TransportStream>;
}
