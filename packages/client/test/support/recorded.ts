import type { StreamFrame } from "@tidings/protocol";
import type { Context } from "../../src/core/context.ts";
import type { Connection, Transport, Wanted } from "../../src/core/transport.ts";
import type { TidingsError } from "../../src/errors.ts";

type Kind = StreamFrame["type"];
type FrameOf<K extends Kind> = Extract<StreamFrame, { type: K }>;

/** A connection, and all that it has told. */
export interface Recorded extends AsyncDisposable {
  readonly connection: Connection;
  /** As the link changes what is read: by the connection, or beside it. */
  change(channel: string, wanted: Wanted | undefined): void;
  /** All frames so far, heartbeats left out. */
  readonly frames: StreamFrame[];
  readonly heartbeats: number;
  /** The error that it ended with. */
  readonly ended: Promise<TidingsError>;
  readonly isEnded: boolean;
  /** The first frame of a type that was not taken yet, of a channel where one is named; waits for it. */
  next<K extends Kind>(type: K, channel?: string): Promise<FrameOf<K>>;
  /** Waits until something holds, asked after each frame. */
  until(holds: () => boolean): Promise<void>;
  /** The frames of a channel, as short words: `ok`, `1`, `gap`. */
  told(channel: string): unknown[];
}

export function open(
  transport: Transport,
  context: Context,
  channels: Readonly<Record<string, Wanted>> = {},
): Recorded {
  const frames: StreamFrame[] = [];
  const taken = new Set<StreamFrame>();
  const waiting = new Set<() => void>();
  let heartbeats = 0;
  let ended: TidingsError | undefined;
  let hasReturned = false;
  const wake = (): void => {
    for (const each of waiting) each();
  };
  const noteEarly = (): void => {
    if (!hasReturned) throw new Error("something was told before open() had returned");
  };
  const read = new Set(Object.keys(channels));
  let changes: Map<string, Wanted | undefined> | undefined;
  let isClosed = false;
  let id = "";
  let greet = (): void => {};
  let turn: Promise<unknown> = new Promise<void>((resolve) => (greet = resolve));
  const connection = transport.open(
    context,
    new Map(Object.entries(channels)),
    (frame) => {
      noteEarly();
      if (ended !== undefined) throw new Error(`a frame after the end: ${JSON.stringify(frame)}`);
      if (frame.type === "welcome") {
        id = frame.connection;
        greet();
      }
      if (/heartbeat|pong/.test(frame.type)) heartbeats++;
      else frames.push(frame);
      wake();
    },
    (error) => {
      noteEarly();
      if (ended !== undefined) throw new Error("it ended twice");
      ended = error;
      wake();
    },
  );
  const apply = (): void => {
    const made = [...(changes ?? [])];
    changes = undefined;
    const unsubscribe: string[] = [];
    const subscribe: object[] = [];
    for (const [channel, wanted] of made) {
      const isRead = read.delete(channel);
      if (wanted !== undefined) read.add(channel);
      if (connection.change !== undefined) connection.change(channel, wanted, isRead);
      else {
        if (isRead) unsubscribe.push(channel);
        if (wanted !== undefined) subscribe.push({ channel, ...wanted });
      }
    }
    if (connection.change !== undefined) return;
    turn = turn.then(async () => {
      const headers = { prefer: "handling=lenient" };
      const patch = { method: "PATCH", json: { unsubscribe, subscribe }, headers };
      await context.http(`/connections/${id}`, patch).catch((error: unknown) => {
        if (!isClosed) throw error;
      });
    });
  };
  hasReturned = true;
  const until = async (holds: () => boolean): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (!holds()) {
          if (ended === undefined) return;
          waiting.delete(look);
          reject(new Error(`it ended first: ${ended.code} ${ended.message}`, { cause: ended }));
          return;
        }
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    });
  return {
    connection,
    change(channel, wanted) {
      if (changes === undefined) queueMicrotask(apply);
      changes ??= new Map();
      changes.set(channel, wanted);
    },
    frames,
    get heartbeats() {
      return heartbeats;
    },
    get isEnded() {
      return ended !== undefined;
    },
    get ended() {
      return until(() => ended !== undefined).then(() => ended as TidingsError);
    },
    until,
    async next(type, channel) {
      const find = (): StreamFrame | undefined =>
        frames.find(
          (frame) =>
            frame.type === type &&
            !taken.has(frame) &&
            (channel === undefined || ("channel" in frame && frame.channel === channel)),
        );
      await until(() => find() !== undefined);
      const found = find() as StreamFrame;
      taken.add(found);
      return found as never;
    },
    told(channel) {
      return frames
        .filter((frame) => "channel" in frame && frame.channel === channel)
        .map((frame) => (frame.type === "message" ? frame.data : frame.type));
    },
    async [Symbol.asyncDispose]() {
      isClosed = true;
      connection.close();
      await Promise.resolve();
    },
  };
}
