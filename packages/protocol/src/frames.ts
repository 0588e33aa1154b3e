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
  | { readonly type: "command"; readonly id: string; readonly name: string; readonly data?: unknown }
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
  readonly kind: PayloadKind;
  /** JSON as it stood in the frame, UTF-8, or the bytes. */
  readonly data: Uint8Array;
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
    }
  | {
      readonly type: "error";
      readonly id?: string;
      readonly channel?: string;
      readonly code: ErrorCode;
      readonly message: string;
      readonly retryable: boolean;
      /** Of `CONFLICT`: the head cursor that was met. */
      readonly head?: string;
      /** Of `CURSOR_GONE`: the gap that was not crossed. */
      readonly gap?: Omit<GapFrame, "type" | "channel">;
    }
  | GapFrame
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
  readonly caughtUp: boolean;
  readonly gaps?: readonly GapFrame[];
}
