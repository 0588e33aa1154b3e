import { describe, expect, test, vi } from "vitest";
import type { PresenceFrame } from "../src/core/feeds.ts";
import { createPresence } from "../src/core/presence.ts";
import type { Connection } from "../src/core/transport.ts";
import { TidingsError } from "../src/errors.ts";
import type { Member, Presence } from "../src/types.ts";
import {
  type Asked,
  type Begin,
  contextOf,
  fakeAsker,
  type FakeRequests,
  fakeRequests,
} from "./support/fakes.ts";
import { openServer } from "./support/server.ts";
import { openSocket } from "./support/socket.ts";

const SINCE = "2026-01-05T09:00:00.000Z";
const who = (member: string, state?: unknown): Member => ({
  member,
  since: SINCE,
  ...(state === undefined ? {} : { state }),
});
const lost = (): TidingsError => new TidingsError("CONNECTION_LOST", "cut.", { retryable: true });

function open(requests: FakeRequests = fakeRequests()): {
  readonly presence: Presence;
  readonly requests: FakeRequests;
  readonly reported: readonly TidingsError[];
  readonly listening: { count: number };
  readonly frame: (frame: Omit<PresenceFrame, "type" | "channel">) => void;
  /** Each event as it comes: `join ada`. */
  readonly events: string[];
  readonly watch: () => void;
} {
  const context = contextOf("http://127.0.0.1:9");
  const listening = { count: 0 };
  let tell: (frame: PresenceFrame) => void = () => undefined;
  const presence = createPresence("a", {
    ...context,
    requests,
    listen: (listener) => {
      listening.count++;
      tell = listener;
      return () => void listening.count--;
    },
  });
  const events: string[] = [];
  return {
    presence,
    requests,
    reported: context.reported,
    listening,
    events,
    frame: (frame) => tell({ type: "presence", channel: "a", ...frame }),
    watch() {
      for (const event of ["join", "update", "leave"] as const)
        presence.on(event, ({ member }) => events.push(`${event} ${member}`));
      presence.on("change", ({ count, members }) => events.push(`${count} ${[...members.keys()].join()}`));
    },
  };
}

/** A WebSocket that a test answers for, as the live connection. */
const over = (asker: Required<Connection>): Begin => ({ connection: asker });

describe("who is there", () => {
  test("is listened for from the first that asks", () => {
    const { presence, listening } = open();
    expect(listening.count).toBe(0);
    expect(presence.count).toBeUndefined();
    expect([...presence.members]).toEqual([]);
    presence.on("join", () => undefined);
    expect(listening.count).toBe(1);
  });

  test("begins with a list, and nobody on it has just joined", () => {
    const { presence, frame, events, watch } = open();
    watch();
    frame({ count: 2, members: [who("ada"), who("bob", { typing: true })] });
    expect(events).toEqual(["2 ada,bob"]);
    expect(presence.count).toBe(2);
    expect(presence.members.get("bob")).toEqual(who("bob", { typing: true }));
  });

  test("changes by those who join, change and leave", () => {
    const { presence, frame, events, watch } = open();
    watch();
    frame({ count: 2, members: [who("ada"), who("cyd")] });
    const before = presence.members;
    frame({ count: 2, joined: [who("bob")], updated: [who("ada", 1)], left: ["cyd"] });
    expect(events.slice(1)).toEqual(["update ada", "leave cyd", "join bob", "2 ada,bob"]);
    // Whoever holds what was there before holds that still.
    expect([...before.keys()]).toEqual(["ada", "cyd"]);
  });

  test("after a reconnect is compared with what was known: only what is different is told", () => {
    const { frame, events, watch } = open();
    watch();
    frame({ count: 3, members: [who("ada", { a: 1 }), who("bob"), who("cyd")] });
    frame({
      count: 3,
      members: [{ ...who("ada", { a: 1 }), since: "2026-01-05T10:00:00.000Z" }, who("bob", 1), who("dan")],
    });
    expect(events.slice(1)).toEqual(["update bob", "leave cyd", "join dan", "3 ada,bob,dan"]);
  });

  test("is a count alone while there are too many to name; nobody left, and nobody has joined once they are named", () => {
    const { presence, frame, events, watch } = open();
    watch();
    frame({ count: 1, members: [who("ada")] });
    frame({ count: 1_204 });
    expect(presence.members.size).toBe(0);
    frame({ count: 2, members: [who("ada"), who("bob")] });
    expect(events).toEqual(["1 ada", "1204 ", "2 ada,bob"]);
  });

  test("a listener that throws is reported, and the others are told", () => {
    const { presence, frame, events, reported, watch } = open();
    presence.on("change", () => {
      throw new Error("mine");
    });
    watch();
    frame({ count: 0, members: [] });
    expect(events).toEqual(["0 "]);
    expect(reported).toMatchObject([{ code: "LISTENER_FAILED", cause: { message: "mine" } }]);
  });

  test("a listener that was let go is not told", () => {
    const { presence, frame } = open();
    const listener = vi.fn();
    const off = presence.on("change", listener);
    off();
    off();
    frame({ count: 0, members: [] });
    expect(listener).not.toHaveBeenCalled();
  });
});

describe("a member", () => {
  const joined = ({ frame }: Asked): unknown => frame;

  test("joins over the connection there is, and has its name", async () => {
    const asker = fakeAsker();
    const { presence, listening } = open(fakeRequests(over(asker)));
    expect(presence.self).toBeUndefined();
    const joining = presence.join({ state: { typing: false } });
    const asked = await asker.until(1);
    const { member, ...frame } = asked.frame;
    expect(frame).toEqual({ type: "join", channel: "a", state: { typing: false } });
    asked.resolve();
    expect(await joining).toBe(member);
    expect(presence.self).toBe(member);
    // A connection is held open for it.
    expect(listening.count).toBe(1);
  });

  test("waits for a connection", async () => {
    const asker = fakeAsker();
    const { presence, requests } = open();
    const joining = presence.join({ member: "ada" });
    requests.change({ isOnline: true });
    requests.change(over(asker));
    (await asker.until(1)).resolve({ member: "ada" });
    expect(await joining).toBe("ada");
  });

  test("is one again on each new connection, under the name that it got and with its newest state", async () => {
    const first = fakeAsker();
    const { presence, requests } = open(fakeRequests(over(first)));
    const joining = presence.join({ state: 1 });
    (await first.until(1)).resolve();
    const member = await joining;
    const updating = presence.update(2);
    (await first.until(2)).resolve();
    await updating;
    requests.change({ connection: undefined });
    const second = fakeAsker();
    requests.change(over(second));
    expect(joined(await second.until(1))).toEqual({ type: "join", channel: "a", member, state: 2 });
    second.asked[0]?.resolve();
    const third = fakeAsker();
    requests.change(over(third));
    expect(joined(await third.until(1))).toEqual({ type: "join", channel: "a", member, state: 2 });
  });

  test("whose join was lost with its connection joins over the next, at once", async () => {
    const first = fakeAsker();
    const { presence, requests } = open(fakeRequests(over(first)));
    const joining = presence.join({ member: "ada" });
    await first.until(1);
    const second = fakeAsker();
    requests.change(over(second));
    first.lose(lost());
    (await second.until(1)).resolve({ member: "ada" });
    expect(await joining).toBe("ada");
  });

  test("is told one state after the other: of those that came meanwhile, the last", async () => {
    const asker = fakeAsker();
    const { presence } = open(fakeRequests(over(asker)));
    const joining = presence.join({ member: "ada", state: 0 });
    const first = await asker.until(1);
    const updates = [1, 2, 3].map((state) => presence.update(state));
    first.resolve({ member: "ada" });
    await joining;
    const asked = await asker.until(2);
    expect(joined(asked)).toEqual({ type: "join", channel: "a", member: "ada", state: 3 });
    asked.resolve({ member: "ada" });
    await Promise.all(updates);
    expect(asker.asked).toHaveLength(2);
  });

  test("holds the state as it was at the call", async () => {
    const { presence, requests } = open();
    const state = { n: 1 };
    const joining = presence.join({ member: "ada", state });
    state.n = 2;
    const asker = fakeAsker();
    requests.change(over(asker));
    const asked = await asker.until(1);
    expect(asked.frame).toMatchObject({ state: { n: 1 } });
    asked.resolve({ member: "ada" });
    await joining;
    await expect(presence.update(1n)).rejects.toMatchObject({ code: "PAYLOAD_INVALID" });
  });

  test("leaves, and is not one on the next connection", async () => {
    const asker = fakeAsker();
    const { presence, requests } = open(fakeRequests(over(asker)));
    const joining = presence.join({ member: "ada" });
    (await asker.until(1)).resolve({ member: "ada" });
    await joining;
    const leaving = presence.leave();
    expect(presence.self).toBeUndefined();
    const asked = await asker.until(2);
    expect(joined(asked)).toEqual({ type: "leave", channel: "a" });
    asked.resolve();
    await leaving;
    const next = fakeAsker();
    requests.change(over(next));
    await presence.leave();
    expect(next.asked).toEqual([]);
    await expect(presence.update(1)).rejects.toMatchObject({ code: "MEMBER_UNKNOWN" });
  });

  test("that is refused is told so, and is as it was", async () => {
    const asker = fakeAsker();
    const { presence, requests } = open(fakeRequests(over(asker)));
    const joining = presence.join({ member: "ada" });
    (await asker.until(1)).resolve({ member: "ada" });
    await joining;
    const updating = presence.update("too large");
    (await asker.until(2)).reject(new TidingsError("PRESENCE_INVALID", "too large."));
    await expect(updating).rejects.toMatchObject({ code: "PRESENCE_INVALID" });
    const next = fakeAsker();
    requests.change(over(next));
    expect((await next.until(1)).frame).toEqual({ type: "join", channel: "a", member: "ada" });
  });

  test("that is refused on a later connection is reported, and not tried again", async () => {
    const first = fakeAsker();
    const { presence, requests, reported } = open(fakeRequests(over(first)));
    const joining = presence.join({ member: "ada" });
    (await first.until(1)).resolve({ member: "ada" });
    await joining;
    const second = fakeAsker();
    requests.change(over(second));
    (await second.until(1)).reject(new TidingsError("PRESENCE_FORBIDDEN", "not here."));
    await vi.waitUntil(() => reported.length === 1);
    expect(reported).toMatchObject([{ code: "PRESENCE_FORBIDDEN" }]);
    const third = fakeAsker();
    requests.change(over(third));
    expect(third.asked).toEqual([]);
  });

  test("that is put off is tried again, also where the connection's id is not known (any more)", async () => {
    const asker = fakeAsker();
    const { presence } = open(fakeRequests(over(asker)));
    const joining = presence.join({ member: "ada" });
    (await asker.until(1)).reject(new TidingsError("PRESENCE_FULL", "full.", { retryable: true }));
    (await asker.until(2)).reject(new TidingsError("CONNECTION_UNKNOWN", "gone."));
    (await asker.until(3)).resolve({ member: "ada" });
    expect(await joining).toBe("ada");
  });

  test("that the server does not know has left", async () => {
    const asker = fakeAsker();
    const { presence } = open(fakeRequests(over(asker)));
    const joining = presence.join({ member: "ada" });
    (await asker.until(1)).resolve({ member: "ada" });
    await joining;
    const leaving = presence.leave();
    (await asker.until(2)).reject(new TidingsError("MEMBER_UNKNOWN", "who?"));
    await leaving;
  });

  test("of a client that is closed is told so", async () => {
    const { presence, requests } = open();
    const joining = presence.join({ member: "ada" });
    requests.change({ state: { name: "closed", sinceMs: 0 } });
    await expect(joining).rejects.toMatchObject({ code: "CLOSED" });
  });

  test("joins, updates and leaves beside a connection that takes nothing, by its id", async () => {
    const asked: unknown[] = [];
    const patch = async (json: object): Promise<Response> => {
      asked.push(json);
      return Response.json({});
    };
    const { presence } = open(fakeRequests({ connection: { patch } }));
    const member = await presence.join({ state: 1 });
    await presence.update(2);
    await presence.leave();
    expect(asked).toEqual([
      { join: [{ channel: "a", member, state: 1 }] },
      { join: [{ channel: "a", member, state: 2 }] },
      { leave: ["a"] },
    ]);
  });
});

test("with a real server: joins, updates and leaves are what others are told", async () => {
  await using server = await openServer({ limits: { presenceFlushMs: 5 } });
  await using socket = await openSocket(server.url);
  const { presence } = open(fakeRequests(over(socket)));
  const name = await presence.join({ state: 1 });
  expect(name).not.toBe("");
  await presence.update({ now: 2 });
  const list = async (): Promise<unknown> => (await fetch(`${server.url}/presence/a`)).json();
  expect(await list()).toMatchObject({ count: 1, members: [{ member: name, state: { now: 2 } }] });
  expect(await presence.join({ state: 3 })).toBe(name);
  await presence.leave();
  expect(await list()).toMatchObject({ count: 0 });
});

test("a poll has no connection that could be a member: it is put there, and again, by REST", async () => {
  await using server = await openServer();
  const requests = fakeRequests({ connection: {} });
  const context = contextOf(server.url);
  const presence = createPresence("a", { ...context, requests, listen: () => () => undefined });
  const name = await presence.join({ state: { n: 1 } });
  const list = async (): Promise<unknown> => (await fetch(`${server.url}/presence/a`)).json();
  expect(await list()).toMatchObject({ members: [{ member: name, state: { n: 1 } }] });
  await presence.update({ n: 2 });
  expect(await list()).toMatchObject({ count: 1, members: [{ member: name, state: { n: 2 } }] });
  await presence.leave();
  expect(await list()).toMatchObject({ count: 0 });
});
