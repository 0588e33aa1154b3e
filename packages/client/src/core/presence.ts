import { closedError, TidingsError } from "../errors.ts";
import type { Member, Off, Presence } from "../types.ts";
import { after, backoffMs } from "./backoff.ts";
import type { Context } from "./context.ts";
import { createEmitter, type Listener } from "./emitter.ts";
import type { PresenceFrame } from "./feeds.ts";
import { copyOf, newName } from "./http.ts";
import type { Requests } from "./requests.ts";

/** A member that no connection holds goes after so many seconds without a word; the next word comes after so many milliseconds. */
const MEMBER_SECONDS = 60;
const MEMBER_MS = 20_000;

export interface PresenceParts extends Pick<Context, "http" | "tuning" | "report"> {
  readonly requests: Requests;
  /** Has the channel's presence told for as long as it is listened to. */
  readonly listen: (listener: (frame: PresenceFrame) => void) => Off;
}

/** Who the application wants to be; another object each time it says so. */
type Wish = { readonly member: string; readonly state: unknown } | undefined;

/**
 * One channel's presence. Members who are there when listening begins have not joined: the first list is a `change` alone, as is one after
 * a time in which there were too many to name. A list after a lost connection is compared with what was known.
 */
export const createPresence = (
  channel: string,
  { http, requests, tuning, report, listen }: PresenceParts,
): Presence => {
  const listeners = createEmitter(report);
  let count: number | undefined;
  let members = new Map<string, Member>();
  let off: Off | undefined;

  let wish: Wish;
  /** What the server was told last on the connection `over`, and has taken. */
  let told: Wish;
  let over: object | undefined;
  /** One thing is told after the other; what is asked for before the next one begins is told by it. */
  let telling: Promise<unknown> = Promise.resolve();
  let next: Promise<unknown> | undefined;
  let refresh: ReturnType<typeof setTimeout> | undefined;

  const begin = (): void => {
    off ??= listen((frame) => {
      const { members: all, joined, updated, left } = frame;
      const before = members;
      // While they are too many, all that is told is how many.
      const wasListed = count === before.size;
      count = frame.count;
      members = new Map((joined ?? updated ?? left) ? before : []);
      for (const each of [all, joined, updated].flat()) if (each) members.set(each.member, each);
      for (const each of left ?? []) members.delete(each);
      if (wasListed && count === members.size)
        for (const [name, member] of new Map([...before, ...members])) {
          const known = before.get(name);
          if (!members.has(name)) listeners.emit("leave", member);
          else if (!known) listeners.emit("join", member);
          else if (JSON.stringify(known.state) !== JSON.stringify(member.state))
            listeners.emit("update", member);
        }
      listeners.emit("change", presence);
    });
  };

  /** Waits, at most until something is different. */
  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        stop();
        resolve();
      };
      const timer = after(ms, done);
      const stop = requests.onChange(done);
    });

  /** Over the connection, beside it, or where it has no id by REST alone: then again and again. */
  const say = async (): Promise<unknown> => {
    const { request, patch } = requests.connection as NonNullable<Requests["connection"]>;
    const type = wish ? "join" : "leave";
    const about = { channel, ...wish };
    // A join of who has joined is an update, and an update of who has not would be refused.
    if (request) return request({ ...about, type });
    if (patch) return patch({ [type]: [wish ? about : channel] });
    const { member } = (wish ?? told) as NonNullable<Wish>;
    const path = `/presence/${channel}?${new URLSearchParams({ member })}`;
    if (!wish) return http(path, { method: "DELETE" });
    refresh = after(MEMBER_MS, () => {
      told = undefined;
      again();
    });
    return http(`${path}&ttl=${MEMBER_SECONDS}`, { method: "PUT", json: wish.state });
  };

  /** Has the server told what is wanted now, by whatever connection there is. */
  const tell = async (): Promise<void> => {
    next = undefined;
    for (let failures = 0; ;) {
      const { connection, state } = requests;
      if (connection !== over) {
        over = connection;
        told = undefined;
      }
      if (wish === told) return;
      if (state.name === "closed") throw closedError();
      const now = wish;
      try {
        if (connection) {
          clearTimeout(refresh);
          await say();
          told = now;
          return;
        }
        await pause(Infinity);
      } catch (error) {
        const { code, retryable, retryAfterMs = 0 } = error as TidingsError;
        // Its connection may be gone before that is seen here.
        if (retryable || code === "CONNECTION_UNKNOWN")
          await pause(retryAfterMs + backoffMs(++failures, tuning));
        else if (now) {
          if (wish === now) wish = told;
          throw error;
        } else told = now; // who is not there has left
      }
    }
  };

  const settle = (): Promise<unknown> => (next ??= telling = telling.then(tell, tell));
  const again = (): void => void settle().catch(report);
  const ask = (now: Wish): Promise<unknown> => {
    requests.sent();
    wish = now;
    return settle();
  };

  requests.onChange(() => {
    const { connection, state } = requests;
    if (state.name === "closed") clearTimeout(refresh);
    if (wish && connection && connection !== over) again();
  });

  const presence: Presence = {
    get count() {
      begin();
      return count;
    },
    get members() {
      begin();
      return members;
    },
    get self() {
      return wish?.member;
    },
    on(event: string, listener: Listener) {
      begin();
      return listeners.on(event, listener);
    },
    async join({ member = wish?.member ?? newName(), state } = {}) {
      // So that there is a connection.
      begin();
      await ask({ member, state: state && copyOf(state) });
      return member;
    },
    async update(state) {
      if (!wish) throw new TidingsError("MEMBER_UNKNOWN", `join "${channel}" first.`);
      await ask({ ...wish, state: copyOf(state) });
    },
    async leave() {
      await ask(undefined);
      if (listeners.size) return;
      off?.();
      off = undefined;
    },
  };
  return presence;
};
