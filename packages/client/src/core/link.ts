import type { StreamFrame } from "@tidings/protocol";
import { closedError, type TidingsError } from "../errors.ts";
import type { Off, Stage, State } from "../types.ts";
import { backoffMs } from "./backoff.ts";
import type { Context } from "./context.ts";
import type { Line, Way } from "./line.ts";
import type { Requests } from "./requests.ts";
import type { Wanted } from "./transport.ts";

/** What the link reads for. */
export interface LinkUser {
  /** What is to be read, on whatever connection there is. */
  wanted(): ReadonlyMap<string, Wanted>;
  isWanted(): boolean;
  /** Frames come from another connection from here on. */
  begin(): void;
  readonly frame: (frame: StreamFrame) => void;
  state(state: State): void;
}

/** The one connection: opened while something is wanted, and opened again. */
export interface Link extends Requests {
  /**
   * Reads a channel on the connection there is, from now on or not any more; opens or closes one as that asks for. Answers `true`
   * where the channel was to be read by a change of the same turn, which is not sent any more.
   */
  change(channel: string, wanted: Wanted | undefined): boolean;
  /** Reads in this way from now on, or in the same, and forgets what was learnt about the path. */
  use(way?: Way): void;
  /** A duplex connection is wanted until it is given back, also where nothing is read. */
  readonly hold: () => Off;
  /** Timers may have been slow: does what they should have done. */
  look(): void;
  readonly reconnect: () => void;
  close(reason?: TidingsError): void;
  tell(stage: Stage): void;
  /** Ends whatever is under way. */
  drop(): void;
  /** Does what the moment asks for: opens, closes, or nothing. While it is offline, nothing. */
  settle(): void;
}

export const createLink = (context: Context, way: Way, user: LinkUser): Link => {
  const { tuning, tokens, report } = context;
  let sinceMs = Date.now();
  let state: State = { name: "idle", sinceMs };
  /** What is under way: a connection, or the pause before the next. */
  let under: ReturnType<Way["open"]> | undefined;
  let live: Line | undefined;
  let attempt = 0;
  let hasSent = false;
  let holds = 0;
  /** How often a token was refused by the connection, and another one asked for, since one was live. */
  let renewals = 0;
  /** What the moment asked for, done once at its end. */
  let changes: Map<string, Wanted | undefined> | undefined;
  const listeners = new Set<() => void>();

  const tell = (next: Stage): void => {
    if (/live/.test(state.name + next.name)) sinceMs = Date.now();
    user.state((state = { ...next, sinceMs }));
    for (const listener of [...listeners]) listener();
  };

  const drop = (): void => {
    under?.close();
    under = live = undefined;
    attempt = 0;
  };

  const close = (reason?: TidingsError): void => {
    if (state.name === "closed") return;
    drop();
    tell({ name: "closed", reason } as Stage);
  };

  const settle = (): void => {
    if (/closed|offline/.test(state.name)) return;
    if (!user.isWanted() && !(hasSent && way.isDuplex)) {
      drop();
      if (state.name !== "idle") tell({ name: "idle" });
    } else if (!under) open();
  };

  const open = (): void => {
    // It reads all that is wanted now.
    changes = undefined;
    const channels = user.wanted();
    user.begin();
    under = way.open(
      context,
      channels,
      user.frame,
      lost,
      (line) => {
        live = line;
        renewals = 0;
        tell({ name: "live", transport: way.name, isShared: !!way.isShared });
      },
      settle,
    );
    tell({ name: "connecting", transport: way.name, attempt: ++attempt });
  };

  const lost = (error: TidingsError, isNext?: boolean): void => {
    const nowMs = Date.now();
    if (live && nowMs - sinceMs >= tuning.stableMs) attempt = 0;
    under = live = undefined;
    if (error.status === 4401 && !renewals++) tokens.get().then(tokens.renew).catch(report);
    else if (!error.retryable) return close(error);
    if (isNext) return open();
    const pauseMs = (error.retryAfterMs ?? 0) + backoffMs(attempt, tuning);
    const timer = setTimeout(() => {
      under = undefined;
      settle();
    }, pauseMs);
    under = { change() {}, close: () => clearTimeout(timer), look: reconnect };
    tell({ name: "waiting", transport: way.name, reason: error, retryAtMs: nowMs + pauseMs });
  };

  /** Changes that one turn made, together: channels that are asked for one after the other are in one request. */
  const apply = (): void => {
    // Where nothing is wanted any more, there is nobody to be told; and a new one is told when it is opened.
    settle();
    const made = changes;
    changes = undefined;
    if (made) under?.change(made);
  };

  /** The one that is live, or was, is not to be trusted: begins anew at once. */
  const reconnect = (): void => {
    drop();
    settle();
  };

  return {
    get state() {
      return state;
    },
    get isOnline() {
      return state.name !== "offline";
    },
    get connection() {
      return live;
    },
    change(channel, wanted) {
      if (!changes) {
        changes = new Map();
        queueMicrotask(apply);
      }
      const isInstead = !!changes.get(channel);
      changes.set(channel, wanted);
      return isInstead;
    },
    use(next = way) {
      drop();
      way = next;
      way.forget?.();
      way.held?.(holds);
      settle();
    },
    sent() {
      if (state.name === "closed") throw closedError();
      hasSent = true;
      way.sent?.();
      settle();
    },
    hold() {
      let given = 1;
      hasSent = true;
      way.held?.(++holds);
      settle();
      return () => {
        way.held?.((holds -= given));
        given = 0;
      };
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    look: () => under?.look(),
    reconnect,
    close,
    tell,
    drop,
    settle,
  };
};
