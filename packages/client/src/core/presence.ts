import { isPassing, TidingsError } from "../errors.ts";
import type { Member, Off, Presence } from "../types.ts";
import { toJson } from "./asks.ts";
import { after, backoffMs } from "./backoff.ts";
import type { Context } from "./context.ts";
import { createEmitter, type Listener } from "./emitter.ts";
import type { PresenceFrame } from "./feeds.ts";
import type { Requests } from "./requests.ts";

/** A member that no connection holds goes after so many seconds without a word; the next word comes after so many milliseconds. */
const MEMBER_SECONDS = 60;
const MEMBER_MS = 20_000;
/** For a connection; each change ends the waiting. */
const WAIT_MS = 60_000;

export interface PresenceParts extends Pick<Context, "http" | "tuning" | "report"> {
  readonly requests: Requests;
  /** Has the channel's presence told for as long as it is listened to. */
  readonly listen: (listener: (frame: PresenceFrame) => void) => Off;
}

/** Who the application wants to be. */
type Wish = { readonly member: string | undefined; readonly state: unknown } | undefined;

/**
 * One channel's presence. Members who are there when listening begins have not joined: the first list is a `change` alone, as is one after
 * a time in which there were too many to name. A list after a lost connection is compared with what was known.
 */
export const createPresence = (
  channel: string,
  { http, requests, tuning, report, listen }: PresenceParts,
): Presence => {
  const listeners = createEmitter((cause) =>
    report(new TidingsError("LISTENER_FAILED", `a presence listener of "${channel}" threw.`, { cause })),
  );
  let count: number | undefined;
  let members = new Map<string, Member>();
  /** Whether the members are named. */
  let isListed = false;
  let off: Off | undefined;

  let wish: Wish;
  /** What the connection was told last, and has taken. */
  let told: Wish;
  let over: object | undefined;
  let name: string | undefined;
  let failures = 0;
  /** One thing is told after the other. */
  let telling: Promise<unknown> = Promise.resolve();
  let refresh: ReturnType<typeof setTimeout> | undefined;

  const begin = (): void => {
    off ??= listen((frame) => {
      const { members: all, joined, updated, left } = frame;
      const before = members;
      const wasListed = isListed;
      count = frame.count;
      // With no list at all there are too many to name.
      isListed = !!(all ?? joined ?? updated ?? left);
      members = new Map(isListed && !all ? before : []);
      for (const each of [...(all ?? []), ...(joined ?? []), ...(updated ?? [])])
        members.set(each.member, each);
      for (const each of left ?? []) members.delete(each);
      if (wasListed && isListed)
        for (const [each, member] of new Map([...before, ...members])) {
          const known = before.get(each);
          if (!members.has(each)) listeners.emit("leave", member);
          else if (!known) listeners.emit("join", member);
          else if (JSON.stringify(known.state) !== JSON.stringify(member.state))
            listeners.emit("update", member);
        }
      listeners.emit("change", presence);
    });
  };

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

  /** Says it over the connection, beside it, or where it has no id by REST alone: then again and again. */
  const say = async (next: Wish): Promise<string | undefined> => {
    const { duplex, patch } = requests;
    const type = next ? "join" : "leave";
    const member = next?.member ?? name;
    const about = next && { channel, member, state: next.state };
    // A join of who has joined is an update, and an update of who has not would be refused.
    if (duplex) return (await duplex.request({ channel, ...about, type })).member;
    if (patch) {
      const answer = await patch({ [type]: [about ?? channel] });
      return (await answer.json()).members?.[channel];
    }
    const own = member ?? `m${crypto.getRandomValues(new Uint32Array(2)).join("-")}`;
    const path = `/presence/${channel}?member=${encodeURIComponent(own)}`;
    if (next) {
      await http(`${path}&ttl=${MEMBER_SECONDS}`, { method: "PUT", json: next.state });
      refresh = after(MEMBER_MS, () => {
        told = undefined;
        again();
      });
    } else await http(path, { method: "DELETE" });
    return own;
  };

  /** Tells the connection that there is what is wanted now: of wishes that waited, the last. */
  const tell = async (): Promise<string> => {
    for (;;) {
      const { connection, state } = requests;
      if (connection !== over) {
        over = connection;
        told = undefined;
      }
      const next = wish;
      if (next === told) return name ?? "";
      if (state.name === "closed") throw new TidingsError("CLOSED", "the client is closed.");
      try {
        if (connection) {
          clearTimeout(refresh);
          const member = await say(next);
          told = next;
          name = next && (member ?? next.member);
          failures = 0;
          return name ?? "";
        }
        await pause(WAIT_MS);
      } catch (error) {
        const { code, retryAfterMs = 0 } = error as TidingsError;
        // Its connection may be gone before that is seen here.
        if (isPassing(error as TidingsError) || code === "CONNECTION_UNKNOWN") {
          await pause(retryAfterMs + backoffMs(++failures, tuning));
        } else if (next) {
          if (wish === next) wish = told;
          throw error;
        } else told = next; // who is not there has left
      }
    }
  };

  const ask = (next: Wish): Promise<string> => {
    wish = next;
    requests.sent();
    const done = telling.then(tell);
    telling = done.catch(() => 0);
    return done;
  };

  const again = (): void => {
    telling = telling.then(tell).catch(report);
  };

  requests.onChange(() => {
    if (requests.state.name === "closed") clearTimeout(refresh);
    if (wish && requests.connection && requests.connection !== over) again();
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
    on(event: string, listener: Listener) {
      begin();
      return listeners.on(event, listener);
    },
    async join({ member, state } = {}) {
      // So that there is a connection.
      begin();
      return ask({ member, state: state && JSON.parse(toJson(state)) });
    },
    async update(state) {
      if (!wish) throw new TidingsError("MEMBER_UNKNOWN", `join "${channel}" first.`);
      await ask({ member: wish.member, state: JSON.parse(toJson(state)) });
    },
    async leave() {
      await ask(undefined);
      if (listeners.size > 0) return;
      off?.();
      off = undefined;
    },
  };
  return presence;
};
