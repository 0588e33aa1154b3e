import type { StreamFrame } from "@tidings/protocol";
import { isPassing, lostError, TidingsError } from "../errors.ts";
import type { Off, State } from "../types.ts";
import { backoffMs } from "./backoff.ts";
import type { Choice } from "./choice.ts";
import type { Context } from "./context.ts";
import type { PlatformEvents } from "./platform.ts";
import type { Requests } from "./requests.ts";
import type { Connection, Transport, Wanted } from "./transport.ts";

/** A connection that has shown nothing for so many of its heartbeats is dead. */
const SILENT_HEARTBEATS = 2.5;
/** The longest that a server's word is waited for, in milliseconds. */
const MAX_ASKED_MS = 300_000;
/** A connection that another one took over from stays so long: what was asked over it is answered, and members are not seen to go, in milliseconds. */
const LINGER_MS = 1_000;
/** A timer that fires so much too late says that the page was slowed down, or the device slept, and nothing of the connection, in milliseconds. */
const LATE_MS = 1_000;
/** A better one has so many times `greetingMs` to carry every channel. */
const CANDIDATE_GREETINGS = 3;

/** What is wrong with one channel is told in the stream, as what is read is. */
const LENIENT = { prefer: "handling=lenient" };

/** What the link reads for. */
export interface LinkUser {
  /** What is to be read, on whatever connection there is. */
  wanted(): ReadonlyMap<string, Wanted>;
  isWanted(): boolean;
  /** Frames come from another connection from here on. */
  begin(): void;
  frame(frame: StreamFrame): void;
  state(state: State): void;
}

/** The one connection: opened, watched, changed for a better one, and opened again. */
export interface Link extends Requests {
  /**
   * Reads a channel on the connection there is, from now on or not any more; opens or closes one as that asks for. Answers `true`
   * where the channel was to be read by a change of the same turn, which is not sent any more.
   */
  change(channel: string, wanted: Wanted | undefined): boolean;
  /** Reads in another way, from now on. */
  use(choice: Choice): void;
  reconnect(): void;
  close(reason?: TidingsError): void;
}

/** One connection, and what is known of it. */
interface Line {
  readonly transport: Transport;
  readonly connection: Connection;
  readonly openedAtMs: number;
  /** What it reads. */
  readonly read: Set<string>;
  /** Channels whose `ok` has not come. */
  readonly missing: Set<string>;
  /** What came while another one is still the one that is listened to; `undefined` once this one is. */
  held: StreamFrame[] | undefined;
  id: string;
  /** How long it may be silent, in milliseconds; 0: for ever. */
  silenceMs: number;
  lastAtMs: number;
  /** Its silence was noticed too late: it is given another moment. */
  isDoubtful: boolean;
  isGreeted: boolean;
  isLive: boolean;
  /** The server said when to come back. */
  askedMs: number | undefined;
  timer: ReturnType<typeof setTimeout> | undefined;
  /** Of requests beside it, so that they cannot overtake each other. */
  turn: Promise<unknown>;
}

export function createLink(
  { http, tuning, tokens, report, ...more }: Context,
  choice: Choice,
  user: LinkUser,
  watch?: (events: PlatformEvents) => Off,
): Link {
  let state: State = { name: "idle" };
  /** The one that is listened to, greeted or not; and one that may take its place. */
  let current: Line | undefined;
  let candidate: Line | undefined;
  let attempt = 0;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let upgrade: ReturnType<typeof setTimeout> | undefined;
  /** Why nothing can be open. */
  let asleep: string | undefined;
  let hasSent = false;
  /** A token was refused by the connection, and another one was asked for since. */
  let hasRenewed = false;
  let stopRenewing: Off | undefined;
  /** What the moment asked for, done once at its end. */
  let changes: Map<string, Wanted | undefined> | undefined;
  const listeners = new Set<() => void>();
  const lingering = new Set<Line>();

  const tell = (next: State): void => {
    state = next;
    stopRenewing?.();
    // Only while a connection depends on it: an idle client asks for no tokens.
    stopRenewing = next.name === "live" ? tokens.onRenewed?.(renew) : undefined;
    user.state(next);
    for (const listener of [...listeners]) listener();
  };

  const close = (reason?: TidingsError): void => {
    if (state.name === "closed") return;
    drop();
    unwatch?.();
    tell({ name: "closed", ...(reason && { reason }) });
  };

  const end = (line: Line | undefined): void => {
    if (!line) return;
    clearTimeout(line.timer);
    lingering.delete(line);
    line.connection.close();
  };

  /** Ends all connections and all waiting. */
  const drop = (): void => {
    clearTimeout(retry);
    clearTimeout(upgrade);
    for (const line of [candidate, current, ...lingering]) end(line);
    retry = candidate = current = undefined;
  };

  const patch = async (line: Line, json: object): Promise<Response> => {
    const done = line.turn.then(() =>
      http(`/connections/${line.id}`, { method: "PATCH", json, headers: LENIENT }),
    );
    line.turn = done.catch(() => {});
    return done;
  };

  const renew = (token: string): void => {
    const line = current;
    if (!line?.id) return;
    const { connection } = line;
    (connection.request?.({ type: "token", token }) ?? patch(line, { token })).catch(report);
  };

  /** Changes that one turn made, together: channels that are asked for one after the other are in one request. */
  const apply = (): void => {
    const made = [...(changes ?? [])];
    changes = undefined;
    // What it holds was asked for before: it is opened anew.
    end(candidate);
    candidate = undefined;
    const line = current;
    if (line) {
      const unsubscribe: string[] = [];
      const subscribe: object[] = [];
      for (const [channel, wanted] of made) {
        const isRead = line.read.delete(channel);
        if (wanted) line.read.add(channel);
        if (!wanted) line.missing.delete(channel);
        else if (!line.isLive) line.missing.add(channel);
        if (line.connection.change) line.connection.change(channel, wanted, isRead);
        else {
          if (isRead) unsubscribe.push(channel);
          if (wanted) subscribe.push({ channel, ...wanted });
        }
      }
      // Where nothing is wanted any more, it is closed, and there is nobody to be told.
      update();
      // What cannot be done beside it, a new connection can; and it is told which channels cannot be read.
      if (line === current && unsubscribe.length + subscribe.length > 0)
        patch(line, { unsubscribe, subscribe }).catch(() => line === current && lost(line, lostError()));
    } else update();
  };

  /** Does what the moment asks for: opens, closes, or nothing. */
  const update = (): void => {
    if (state.name === "closed") return;
    const isWanted = user.isWanted() || (hasSent && choice.isDuplexWanted);
    if (asleep || !isWanted) {
      drop();
      if (asleep) tell({ name: "offline", reason: new TidingsError("OFFLINE", asleep, { retryable: true }) });
      else if (state.name !== "idle") tell({ name: "idle" });
    } else if (!current && !retry) open(choice.next());
    else lookUp();
  };

  const open = (transport: Transport): void => {
    const channels = user.wanted();
    const isFirst = !current;
    const openedAtMs = Date.now();
    const context: Context = { http, tokens, report, ...more, tuning: { ...tuning, waitMs: choice.waitMs } };
    let greet = (): void => {};
    const turn = new Promise<void>((resolve) => (greet = resolve));
    const line: Line = {
      transport,
      // It tells nothing before it has answered.
      connection: transport.open(
        context,
        channels,
        (frame) => {
          if (frame.type === "welcome") greet();
          if (isHeld(line)) take(line, frame);
        },
        (error) => isHeld(line) && lost(line, error),
      ),
      openedAtMs,
      read: new Set(channels.keys()),
      missing: new Set(channels.keys()),
      held: isFirst ? undefined : [],
      id: "",
      silenceMs: tuning.greetingMs,
      lastAtMs: openedAtMs,
      isDoubtful: false,
      isGreeted: false,
      isLive: false,
      askedMs: undefined,
      timer: undefined,
      turn,
    };
    if (isFirst) {
      current = line;
      // It reads all that is wanted now.
      changes?.clear();
      user.begin();
    } else candidate = line;
    look(line);
    if (isFirst) tell({ name: "connecting", transport: transport.name, attempt: ++attempt });
  };

  /** Whether it still has a part: what one tells that was let go is nobody's. */
  const isHeld = (line: Line): boolean => line === current || line === candidate;

  const take = (line: Line, frame: StreamFrame): void => {
    line.lastAtMs = Date.now();
    line.isDoubtful = false;
    if (frame.type === "welcome") {
      line.isGreeted = true;
      line.id = frame.connection;
      line.silenceMs = frame.heartbeatMs * SILENT_HEARTBEATS;
      look(line);
    } else if (frame.type === "draining") line.askedMs = frame.reconnectInMs;
    else if (frame.type !== "heartbeat") {
      if (!line.held) user.frame(frame);
      // An ephemeral one is kept for nobody, and the live connection brings it.
      else if (frame.type !== "message" || frame.cursor) line.held.push(frame);
      if (frame.type === "ok" || frame.type === "error") line.missing.delete(frame.channel ?? "");
    }
    if (line.isGreeted && !line.isLive && line.missing.size === 0 && isHeld(line)) establish(line);
  };

  /** It carries everything: from here on it is the connection. */
  const establish = (line: Line): void => {
    line.isLive = true;
    hasRenewed = false;
    if (line === candidate) {
      const old = current as Line;
      lingering.add(old);
      clearTimeout(old.timer);
      old.timer = setTimeout(end, LINGER_MS, old);
      listenTo(line);
    }
    choice.opened(line.transport);
    const { name, isShared = false } = line.transport;
    tell({ name: "live", transport: name, isShared });
    lookUp();
  };

  const listenTo = (line: Line): void => {
    const { held = [] } = line;
    line.held = candidate = undefined;
    current = line;
    user.begin();
    for (const frame of held) user.frame(frame);
  };

  /** Looks for silence, at the time at which there would be too much of it. */
  const look = (line: Line): void => {
    clearTimeout(line.timer);
    if (line.silenceMs <= 0) return;
    const untilMs = line === candidate ? line.openedAtMs + tuning.greetingMs * CANDIDATE_GREETINGS : Infinity;
    const leftMs = Math.min(line.lastAtMs + line.silenceMs, untilMs) - Date.now();
    if (leftMs > 0) line.timer = setTimeout(look, leftMs, line);
    else if (leftMs < -LATE_MS && !line.isDoubtful) {
      // Pings were as late: what answers them is seen first.
      line.isDoubtful = true;
      line.timer = setTimeout(look, tuning.greetingMs, line);
    } else
      lost(
        line,
        new TidingsError("SILENT", `nothing came over ${line.transport.name}.`, { retryable: true }),
      );
  };

  const lost = (line: Line, error: TidingsError): void => {
    end(line);
    const { transport } = line;
    if (line === candidate) {
      candidate = undefined;
      choice.failed(transport, error, true);
      return lookUp();
    }
    const nowMs = Date.now();
    const ageMs = nowMs - line.openedAtMs;
    current = undefined;
    let isNext = false;
    if (line.isLive) {
      if (ageMs >= tuning.stableMs) attempt = 0;
      choice.ended(transport, ageMs, line.askedMs !== undefined);
    } else isNext = choice.failed(transport, error, false);
    if (candidate) {
      // It was on its way already.
      listenTo(candidate);
      return tell({ name: "connecting", transport: transport.name, attempt: ++attempt });
    }
    if (error.status === 4401 && !hasRenewed) {
      hasRenewed = true;
      tokens.get().then(tokens.renew).catch(report);
    } else if (!isPassing(error)) return close(error);
    if (isNext) return open(choice.next());
    const askedMs = Math.min(MAX_ASKED_MS, line.askedMs ?? error.retryAfterMs ?? 0);
    const pauseMs = askedMs + backoffMs(attempt, tuning);
    retry = setTimeout(() => {
      retry = undefined;
      update();
    }, pauseMs);
    tell({ name: "waiting", transport: transport.name, reason: error, retryAtMs: nowMs + pauseMs });
  };

  /** Opens a better one beside the live one, now or when there may be one. */
  const lookUp = (): void => {
    clearTimeout(upgrade);
    if (!current?.isLive || candidate) return;
    const better = choice.better(current.transport);
    if (better) return open(better);
    const atMs = choice.wakeAtMs(current.transport);
    if (atMs !== undefined) upgrade = setTimeout(lookUp, atMs - Date.now() + 1);
  };

  /** The one that is live, or was, is not to be trusted: begins anew at once. */
  const reconnect = (): void => {
    drop();
    attempt = 0;
    update();
  };

  const unwatch = watch?.({
    awake() {
      // A page that comes back is told so twice.
      if (!asleep) return;
      asleep = undefined;
      choice.forget();
      reconnect();
    },
    asleep(why) {
      asleep = why;
      update();
    },
    visible() {
      if (retry) reconnect();
      else if (current) look(current);
    },
  });

  return {
    get state() {
      return state;
    },
    get isOnline() {
      return !asleep;
    },
    get connection() {
      return current?.isLive ? current : undefined;
    },
    get duplex() {
      return current?.isLive && current.connection.request
        ? (current.connection as Required<Connection>)
        : undefined;
    },
    get patch() {
      const line = current;
      return line?.isLive && line.id ? (json: object) => patch(line, json) : undefined;
    },
    change(channel, wanted) {
      if (!changes) queueMicrotask(apply);
      changes ??= new Map();
      const isInstead = changes.get(channel) !== undefined;
      changes.set(channel, wanted);
      return isInstead;
    },
    use(next) {
      choice = next;
      reconnect();
    },
    sent() {
      if (state.name === "closed") throw new TidingsError("CLOSED", "the client is closed.");
      hasSent = true;
      choice.sent();
      update();
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    reconnect,
    close,
  };
}
