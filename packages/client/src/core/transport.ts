import type { StreamFrame } from "@tidings/protocol";
import type { TidingsError } from "../errors.ts";
import type { TransportName } from "../types.ts";
import type { Context } from "./context.ts";

/** What a connection is to read of one channel. */
export interface Wanted {
  /** A cursor, `earliest`, `latest` or a time. Without it, and without `last`: where a stream of the channel begins by itself. */
  readonly since?: string | undefined;
  readonly last?: number | undefined;
  readonly events?: readonly string[] | undefined;
  /** Whether presence is told too. */
  readonly presence?: boolean | undefined;
}

/** What can be asked over a duplex connection: the client frames that have an answer, without their id. */
export interface RequestFrame {
  readonly type: "publish" | "command" | "join" | "leave" | "token";
  readonly [member: string]: unknown;
}

/** The `ok` that answers a request. */
export interface Answer {
  readonly cursor?: string;
  readonly offset?: number;
  readonly duplicate?: boolean;
  readonly data?: unknown;
  readonly member?: string;
}

export interface RequestOptions {
  readonly onProgress?: ((data: unknown) => void) | undefined;
  /** Gives a command up: the server is told. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * One way to read. A transport makes one connection after the other, never tries again by itself, and keeps nothing
 * between them: positions, pauses and choices are the link's.
 */
export interface Transport {
  readonly name: TransportName;
  /** Whether it is what comes first where the application sends much. */
  readonly isDuplex: boolean;
  /** Whether another tab holds the connection. */
  readonly isShared?: boolean | undefined;
  /**
   * Begins at once; answers before anything has arrived, and tells nothing before it has answered.
   *
   * @param frame what the server says, in order; data still as it travelled (base64 is not decoded, but a binary frame's `data` is
   *   a `Uint8Array` with `encoding: "binary"`). First a `welcome`. For each reading of a channel that was asked for, with `open` or
   *   `change`, there is one `ok` or `error`, in that order, and an `ok` comes before the first message of the channel. Signs of life are `heartbeat`. A poll
   *   says the same: its `welcome` comes with its first answer, and `caught-up` with each, for where it stands then.
   * @param end it is over, by itself: told once, and nothing after it or after `close()`. The error's code is the server's, where it
   *   said one; else `UNREACHABLE` (network, 502, 503, 504, 429), `TRANSPORT_BLOCKED` (upgrade refused, an answer
   *   that is not the server's, the platform cannot) or `CONNECTION_LOST`
   */
  open(
    context: Context,
    channels: ReadonlyMap<string, Wanted>,
    frame: (frame: StreamFrame) => void,
    end: (error: TidingsError) => void,
  ): Connection;
}

export interface Connection {
  /**
   * Reads a channel from now on, anew where it is read already; `undefined`: not any more. Where it is missing, `PATCH
   * /connections/{id}` does it, by the id of the `welcome`.
   */
  change?(channel: string, wanted: Wanted | undefined, isRead: boolean): void;
  /** Where the transport is duplex. Rejects with the server's error, `CONNECTION_LOST` where the connection ends first, or `ABORTED`. */
  request?(frame: RequestFrame, options?: RequestOptions): Promise<Answer>;
  /** Ends it. Nothing is told any more. */
  close(): void;
}
