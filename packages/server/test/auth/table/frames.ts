import { CHANNEL, COMMAND, type Needed, type World } from "./world.ts";

/** How a frame of `tidings.v1` is asked, and what answers it. */
export interface FrameRow {
  readonly type: string;
  /** Absent: whoever has a connection may. */
  readonly need?: Needed;
  readonly frame: (world: World, token: string) => object;
  /** What answers those who may. */
  readonly answer: Readonly<Record<string, unknown>>;
  readonly changes?: boolean;
}

const ID = "f";
const OK = { type: "ok", id: ID };

/** Every frame that a client may send. */
export const FRAME_ROWS: readonly FrameRow[] = [
  // It has no answer of its own: `ping` stands behind it.
  { type: "hello", frame: (_, token) => ({ token }), answer: { type: "pong", id: "after" } },
  { type: "token", frame: (_, token) => ({ id: ID, token }), answer: OK },
  { type: "ping", frame: () => ({ id: ID }), answer: { type: "pong", id: ID } },
  {
    type: "subscribe",
    need: { right: "subscribe", name: CHANNEL },
    frame: () => ({ id: ID, channel: CHANNEL, since: "earliest" }),
    answer: { type: "message", channel: CHANNEL },
  },
  {
    type: "subscribe",
    need: { right: "presence", name: CHANNEL, beside: { subscribe: [CHANNEL] } },
    frame: () => ({ id: ID, channel: CHANNEL, presence: true }),
    answer: { type: "presence", channel: CHANNEL },
  },
  {
    type: "unsubscribe",
    frame: () => ({ id: ID, channel: CHANNEL }),
    answer: { type: "error", id: ID, code: "NOT_SUBSCRIBED" },
  },
  {
    type: "publish",
    need: { right: "publish", name: CHANNEL },
    frame: () => ({ id: ID, channel: CHANNEL, data: 1 }),
    answer: OK,
    changes: true,
  },
  {
    type: "command",
    need: { right: "command", name: COMMAND },
    frame: () => ({ id: ID, name: COMMAND }),
    answer: OK,
    changes: true,
  },
  { type: "cancel", frame: () => ({ id: ID }), answer: { type: "pong", id: "after" } },
  {
    type: "join",
    need: { right: "presence", name: CHANNEL },
    frame: () => ({ id: ID, channel: CHANNEL, member: "eve" }),
    answer: OK,
    changes: true,
  },
  {
    type: "update",
    frame: () => ({ id: ID, channel: CHANNEL, state: 1 }),
    answer: { type: "error", id: ID, code: "MEMBER_UNKNOWN" },
  },
  {
    type: "leave",
    frame: () => ({ id: ID, channel: CHANNEL }),
    answer: { type: "error", id: ID, code: "MEMBER_UNKNOWN" },
  },
];
