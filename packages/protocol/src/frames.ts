import type { ErrorCode } from "./errors.ts";
import type { Limits } from "./limits.ts";
import type { MessageObject } from "./message-object.ts";
import type { PayloadKind } from "./message.ts";

/** Why messages are missing between where a reader stood and where it goes on. */
export type GapReason = "expired" | "epoch" | "ahead";

/** What a WebSocket client of `tidings.v1` may send. */
export type ClientFrame =
  | { readonly type: "hello"; readonly token?: string; readonly binary?: boolean }
  | SubscribeFrame
  | { readonly type: "unsubscribe"; readonly id: string; readonly channel: string }
  | PublishFrame
  | CommandFrame
  | { readonly type: "cancel"; readonly id: string }
  | JoinFrame
  | { readonly type: "update"; readonly id: string; readonly channel: string; readonly state: string }
  | { readonly type: "leave"; readonly id: string; readonly channel: string }
  | { readonly type: "token"; readonly id: string; readonly token: string }
  | { readonly type: "ping"; readonly id?: string };

export interface SubscribeFrame {
  readonly type: "subscribe";
  readonly id: string;
  readonly channel: string;
  /** A cursor, `earliest`, or `latest` (the default). */
  readonly since?: string;
  /** Begin with this many of the newest messages; not together with `since`. */
  readonly last?: number;
  readonly events?: readonly string[];
  /** `fail`: end with `CURSOR_GONE` rather than go on after a gap. */
  readonly gap?: "continue" | "fail";
  /** Whether to be told who is there, and who comes and goes. */
  readonly presence?: boolean;
}

/** A request with its own answer: `ok`, after any `progress`, or `error`; `cancel` with its id gives it up. */
export interface CommandFrame {
  readonly type: "command";
  readonly id: string;
  readonly name: string;
  /** The input, JSON as it stood in the frame. */
  readonly data?: Uint8Array;
  /** How long to wait for the answer, in milliseconds. */
  readonly timeoutMs?: number;
  readonly idempotencyKey?: string;
}

/** The connection joins a channel's presence. */
export interface JoinFrame {
  readonly type: "join";
  readonly id: string;
  readonly channel: string;
  /** Who it is; the server gives a name where none is given. */
  readonly member?: string;
  /** JSON as it stood in the frame. */
  readonly state?: string;
}

export interface PublishFrame {
  readonly type: "publish";
  readonly id: string;
  readonly channel: string;
  readonly event?: string;
  readonly key?: string;
  readonly idempotencyKey?: string;
  readonly ephemeral?: boolean;
  /** Append only if this is the channel's head offset. */
  readonly ifOffset?: number;
  /** `none` where the frame deletes its key. */
  readonly kind: PayloadKind;
  /** JSON as it stood in the frame, UTF-8, or the bytes; empty where the frame names an artifact. */
  readonly data: Uint8Array;
  /** Travel inline above the inline limit, if it can. */
  readonly inline?: boolean;
  /** JSON as it stood in the frame: what a message shows of a payload that it does not carry. */
  readonly preview?: Uint8Array;
  /** Id of an artifact that was uploaded before and is the payload. */
  readonly artifact?: string;
}

/** What the server tells a connection: NDJSON lines, WebSocket text frames, and SSE events named `tidings.<type>`. */
export type ServerFrame =
  | {
      readonly type: "welcome";
      readonly connection: string;
      readonly heartbeatMs: number;
      readonly limits: Partial<Limits>;
    }
  | {
      readonly type: "ok";
      readonly id?: string;
      readonly channel?: string;
      readonly cursor?: string;
      readonly offset?: number;
      readonly duplicate?: boolean;
      /** Of a command: its answer; absent where it has none. */
      readonly data?: unknown;
      /** Of `join`: the member's name. */
      readonly member?: string;
    }
  /** A part of a command's answer, ahead of its `ok`. */
  | { readonly type: "progress"; readonly id: string; readonly data: unknown }
  | {
      readonly type: "error";
      readonly id?: string;
      readonly channel?: string;
      /** One of the table's, or of a command's own. */
      readonly code: ErrorCode | (string & {});
      readonly message: string;
      readonly retryable: boolean;
      /** Of `CONFLICT`: the head cursor that was met. */
      readonly head?: string;
      /** Of `CURSOR_GONE`: the gap that was not crossed. */
      readonly gap?: Omit<GapFrame, "type" | "channel">;
      /** Of a command's own fault: what else it tells. */
      readonly data?: unknown;
    }
  | GapFrame
  | PresenceFrame
  | { readonly type: "caught-up"; readonly channel: string; readonly cursor: string }
  | { readonly type: "draining"; readonly reconnectInMs: number }
  | { readonly type: "heartbeat" }
  | { readonly type: "pong"; readonly id?: string };

/** Messages between `from` and `to` are missing; reading goes on after `to`. */
export interface GapFrame {
  readonly type: "gap";
  readonly channel: string;
  readonly reason: GapReason;
  readonly from: string;
  readonly to: string;
  /** How many, or `null` where the log cannot know. */
  readonly missed: number | null;
}

/** One member of a channel's presence. */
export interface Member {
  readonly member: string;
  /** As it was given; absent where none was. */
  readonly state?: unknown;
  /** Since when it is there: RFC 3339, milliseconds, UTC. */
  readonly since: string;
}

/** Who is in a channel, or what has changed since the frame before. Without any list there are too many to name: then the count alone is told. */
export interface PresenceFrame {
  readonly type: "presence";
  readonly channel: string;
  /** How many members there are now. */
  readonly count: number;
  /** All of them: what was known before is to be forgotten. */
  readonly members?: readonly Member[];
  readonly joined?: readonly Member[];
  readonly updated?: readonly Member[];
  /** The names of those that left. */
  readonly left?: readonly string[];
  /** Of a stream that ends: what the next one says, to be told only of something else. */
  readonly version?: string;
}

/** All that a stream of frames can bring to a client. */
export type StreamFrame = ServerFrame | MessageObject;

/** The body of a poll of one channel. */
export interface Page {
  readonly messages: readonly MessageObject[];
  readonly cursor: string;
  readonly caughtUp: boolean;
  readonly gap?: Omit<GapFrame, "type" | "channel">;
}

/** The body of a poll of many channels. */
export interface MultiPage {
  readonly messages: readonly MessageObject[];
  readonly cursors: Readonly<Record<string, string>>;
  /** Where the channels began that were not asked for since a cursor. */
  readonly from?: Readonly<Record<string, string>>;
  readonly caughtUp: boolean;
  readonly gaps?: readonly GapFrame[];
}
