import type { StreamFrame } from "@tidings/protocol";
import { lostError, passingError, type TidingsError } from "../errors.ts";
import type { FetchAnswer } from "../types.ts";
import type { Context } from "./context.ts";
import type { Connection, Transport, Wanted } from "./transport.ts";

/** A connection that has shown nothing for so many of its heartbeats is dead. */
const SILENT_HEARTBEATS = 2.5;
/** The longest that a server's word is waited for, in milliseconds. */
const MAX_ASKED_MS = 300_000;
/** No channel: nothing is waited for any more. */
const NEVER = "/";

/** A connection that is watched for silence, and changed beside it where it carries nothing up. */
export interface Line extends Pick<Connection, "close" | "hold" | "owed"> {
  readonly request?: Connection["request"] | undefined;
  /** Changes it beside it (`PATCH /connections/{id}`), in order; `undefined` where it has no id. */
  patch?: ((json: object) => Promise<FetchAnswer>) | undefined;
  /** Reads these from now on, `undefined`: not any more. Where that cannot be done the line is over, and a new one can. */
  change(changes: ReadonlyMap<string, Wanted | undefined>): void;
  /** Timers may have been slow: looks for silence now. */
  readonly look: () => void;
}

/** How a line is made: over one transport, or over whichever is the best. */
export interface Way extends Omit<Transport, "open"> {
  /**
   * As {@link Transport.open}.
   *
   * @param ended `retryAfterMs` of the error is what the server asked for, also where it announced the end. `isNext`: another connection
   *   is to be tried at once
   * @param live it carries everything: from here on `line` is the connection
   * @param settle what is wanted by itself, `isDuplex`, may be over
   */
  open(
    context: Context,
    channels: ReadonlyMap<string, Wanted>,
    tell: (frame: StreamFrame) => void,
    ended: (error: TidingsError, isNext?: boolean) => void,
    live: (line: Line) => void,
    settle?: () => void,
  ): Pick<Line, "change" | "close" | "look">;
  /** The application sent something. */
  sent?(): void;
  /** So many hold it interactive now. */
  held?(count: number): void;
  /** The network is another one: what was learnt does not hold for it. */
  forget?(): void;
}

/** One transport, whatever comes. */
export const lineOf = (
  transport: Transport,
): Omit<Way, "open"> & { open(...from: Parameters<Way["open"]>): Line } => ({
  ...transport,
  open(context, channels, tell, ended, live) {
    const { http, tuning } = context;
    const read = new Set(channels.keys());
    /** What has not been answered: its channels, and "" for the greeting. */
    const missing = new Set(read).add("");
    let silenceMs = tuning.greetingMs;
    let lastAtMs = Date.now();
    let isOver: boolean | undefined;
    let asked: { readonly retryAfterMs: number } | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let greet!: () => void;
    /** Of requests beside it, so that they cannot overtake each other. */
    let turn: Promise<unknown> = new Promise<void>((resolve) => (greet = resolve));
    let id: string | undefined;

    const close = (): void => {
      isOver = true;
      missing.add(NEVER);
      clearTimeout(timer);
      connection.close();
    };
    const lose = (error: TidingsError, isNext?: boolean): void => {
      if (isOver) return;
      close();
      ended(Object.assign(error, asked), isNext);
    };
    /**
     * Looks for silence. The last moment of it has a timer of its own: one that fires late says that the page was slowed down, or the
     * device slept, and pings were as late; so what answers them is seen first.
     */
    const look = (wasAtMs?: number): void => {
      clearTimeout(timer);
      const momentMs = Math.min(tuning.greetingMs, silenceMs);
      const leftMs = lastAtMs + silenceMs - momentMs - Date.now();
      if (!silenceMs) return;
      if (leftMs > 0) timer = setTimeout(look, leftMs);
      else if (wasAtMs !== lastAtMs) timer = setTimeout(look, momentMs, lastAtMs);
      else lose(passingError("SILENT", "nothing came."));
    };
    const patch = (json: object): Promise<FetchAnswer> => {
      const done = turn.then(() =>
        http(`/connections/${id}`, {
          method: "PATCH",
          json,
          // What is wrong with one channel is told in the stream, as what is read is.
          headers: { prefer: "handling=lenient" },
        }),
      );
      turn = done.catch(() => {});
      return done;
    };

    // It tells nothing before it has answered.
    const connection = transport.open(
      context,
      channels,
      (frame) => {
        lastAtMs = Date.now();
        if (frame.type === "welcome") {
          id = frame.connection;
          line.patch = id ? patch : undefined;
          silenceMs = frame.heartbeatMs * SILENT_HEARTBEATS;
          greet();
          look();
        } else if (frame.type === "draining")
          asked = { retryAfterMs: Math.min(MAX_ASKED_MS, frame.reconnectInMs) };
        missing.delete((frame as { readonly channel?: string }).channel ?? "");
        tell(frame);
        if (missing.size) return;
        missing.add(NEVER);
        live(line);
      },
      lose,
    );
    const line: Line = {
      ...connection,
      close,
      look,
      change(changes) {
        const unsubscribe: string[] = [];
        const subscribe: object[] = [];
        for (const [channel, wanted] of changes) {
          const isRead = read.delete(channel);
          missing.delete(channel);
          if (wanted) {
            read.add(channel);
            missing.add(channel);
          }
          if (connection.change) connection.change(channel, wanted, isRead);
          else {
            if (isRead) unsubscribe.push(channel);
            if (wanted) subscribe.push({ channel, ...wanted });
          }
        }
        // What cannot be done beside it, a new connection can; and it is told which channels cannot be read. Where several servers
        // share a log, the change may reach one that does not hold it (404): nothing is wrong then, and nothing is waited for.
        if (unsubscribe[0] || subscribe[0])
          patch({ unsubscribe, subscribe }).catch((error: TidingsError) =>
            lose(lostError(), error.status === 404),
          );
      },
    };
    look();
    return line;
  },
});
