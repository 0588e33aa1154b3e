import type { TidingsError } from "@tidings/protocol";
import { describe, expect, test } from "vitest";
import { FLUSH_MS, GRACE_MS, openPresence } from "../support/presence.ts";

const SINCE = "2026-01-05T09:00:00.000Z";

function codeOf(call: () => unknown): string | undefined {
  try {
    call();
  } catch (error) {
    return (error as TidingsError).code;
  }
  return undefined;
}

describe("joining", () => {
  test("is told to listeners with the state as it was written, after the window", () => {
    const { time, connect } = openPresence();
    const [listener, member] = [connect(), connect()];
    listener.attendance.listen("c");
    expect(listener.take()).toEqual([{ type: "presence", channel: "c", count: 0, members: [] }]);
    expect(member.attendance.join("c", "ada", '{ "n":1.0,\n"s":"a b" }')).toBe("ada");
    expect(listener.take()).toEqual([]);
    time.pass(FLUSH_MS);
    expect(listener.take()).toEqual([
      {
        type: "presence",
        channel: "c",
        count: 1,
        joined: [{ member: "ada", state: { n: 1, s: "a b" }, since: SINCE }],
      },
    ]);
  });

  test("keeps digits that a double cannot hold", () => {
    const { presence, connect } = openPresence();
    connect().attendance.join("c", "ada", "12345678901234567890.10");
    expect(presence.list("c").members).toEqual([
      `{"member":"ada","state":12345678901234567890.10,"since":"${SINCE}"}`,
    ]);
  });

  test("without a name is under one made for it, which is not the connection's", () => {
    const { connect } = openPresence();
    expect(connect().attendance.join("c")).toBe("made-1");
    expect(connect().attendance.join("c")).toBe("made-2");
  });

  test("again is an update, and under another name is refused", () => {
    const { presence, connect } = openPresence();
    const { attendance } = connect();
    attendance.join("c", "ada", "1");
    expect(attendance.join("c", undefined, "2")).toBe("ada");
    expect(codeOf(() => attendance.join("c", "bob"))).toBe("PRESENCE_INVALID");
    expect(presence.list("c").members).toEqual([`{"member":"ada","state":2,"since":"${SINCE}"}`]);
  });

  test("is refused for what is no name, no state or no channel for it", () => {
    const { presence, connect } = openPresence({ maxPresenceStateBytes: 10 }, [
      { pattern: "closed", presence: false },
    ]);
    const { attendance } = connect();
    for (const name of ["", "a\nb", "a\u0000", "\ud800", "a".repeat(129), "é".repeat(65)])
      expect(
        codeOf(() => attendance.join("c", name)),
        name,
      ).toBe("PRESENCE_INVALID");
    for (const state of ["", "{", "undefined", '"123456789"', '"éééééé"', '"\ud800"'])
      expect(
        codeOf(() => attendance.join("c", "ada", state)),
        state,
      ).toBe("PRESENCE_INVALID");
    expect(codeOf(() => attendance.join("closed", "ada"))).toBe("PRESENCE_FORBIDDEN");
    expect(codeOf(() => attendance.join("$tidings/canary", "ada"))).toBe("CHANNEL_RESERVED");
    expect(codeOf(() => attendance.join("a//b", "ada"))).toBe("CHANNEL_NAME_INVALID");
    expect(attendance.join("c", "a".repeat(128), '"12345678"')).toHaveLength(128);
    expect([presence.members, presence.channels]).toEqual([1, 1]);
  });

  test("is bounded by channel and by connection", () => {
    const { presence, connect } = openPresence({ maxPresenceMembers: 2 });
    const { attendance } = connect(2);
    attendance.join("a", "x");
    attendance.join("b", "x");
    expect(codeOf(() => attendance.join("c", "x"))).toBe("TOO_MANY_CHANNELS");
    attendance.leave("b");
    attendance.join("c", "x");
    connect().attendance.join("a", "y");
    expect(codeOf(() => connect().attendance.join("a", "z"))).toBe("PRESENCE_FULL");
    connect().attendance.join("a", "y");
    expect(presence.members).toBe(3);
  });
});

describe("one frame a window", () => {
  test("has what changed of each member, once", () => {
    const { time, connect } = openPresence();
    const listener = connect();
    const [ada, bob, cyd, dan] = [connect(), connect(), connect(), connect()];
    ada.attendance.join("c", "ada", "0");
    bob.attendance.join("c", "bob", "0");
    dan.attendance.join("c", "dan", "0");
    listener.attendance.listen("c");
    listener.take();
    for (let n = 1; n <= 5; n++) ada.attendance.update("c", String(n));
    bob.attendance.leave("c");
    cyd.attendance.join("c", "cyd");
    cyd.attendance.leave("c");
    dan.attendance.update("c", "1");
    dan.attendance.update("c", "0");
    connect().attendance.join("c", "eve");
    time.pass(FLUSH_MS);
    expect(listener.take()).toEqual([
      {
        type: "presence",
        channel: "c",
        count: 3,
        joined: [{ member: "eve", since: SINCE }],
        updated: [{ member: "ada", state: 5, since: SINCE }],
        left: ["bob"],
      },
    ]);
    time.pass(10 * FLUSH_MS);
    expect(listener.take()).toEqual([]);
  });

  test("is written in parts, and encoded once for all listeners of a format", () => {
    const { time, connect } = openPresence();
    const listeners = Array.from({ length: 600 }, () => connect());
    for (const { attendance } of listeners) attendance.listen("c");
    for (const listener of listeners) listener.take();
    for (let n = 0; n < 10; n++) connect().attendance.join("c", `m${n}`);
    time.pass(FLUSH_MS);
    for (const listener of listeners) {
      expect(listener.take()).toHaveLength(1);
      expect(listener.list?.size).toBe(10);
    }
  });

  test("tells the count alone above the limit, and all members again once they are well below it", () => {
    const { time, connect } = openPresence({ maxPresenceListed: 10 });
    const members = Array.from({ length: 12 }, () => connect());
    const listener = connect();
    listener.attendance.listen("c");
    listener.take();
    for (const [n, { attendance }] of members.entries()) attendance.join("c", `m${n}`);
    time.pass(FLUSH_MS);
    expect(listener.take()).toEqual([{ type: "presence", channel: "c", count: 12 }]);
    members[0]?.attendance.update("c", "1");
    time.pass(FLUSH_MS);
    expect(listener.take()).toEqual([]);
    for (const { attendance } of members.splice(0, 2)) attendance.leave("c");
    time.pass(FLUSH_MS);
    expect(listener.take()).toEqual([{ type: "presence", channel: "c", count: 10 }]);
    members.pop()?.attendance.leave("c");
    time.pass(FLUSH_MS);
    expect(listener.take()).toMatchObject([{ count: 9, members: { length: 9 } }]);
  });

  test("tells the count alone where states together are too large", () => {
    const { time, connect } = openPresence({ maxPresenceListedBytes: 300 });
    const listener = connect();
    listener.attendance.listen("c");
    listener.take();
    const large = connect();
    large.attendance.join("c", "ada", `"${"x".repeat(300)}"`);
    time.pass(FLUSH_MS);
    expect(listener.take()).toEqual([{ type: "presence", channel: "c", count: 1 }]);
    large.attendance.update("c", "0");
    time.pass(FLUSH_MS);
    expect(listener.take()).toMatchObject([{ count: 1, members: [{ member: "ada", state: 0 }] }]);
  });

  test("is passed over by a listener that is blocked, which gets one snapshot once it has room", () => {
    const { time, connect } = openPresence();
    const listener = connect();
    listener.attendance.listen("c");
    listener.take();
    listener.isBlocked = true;
    for (let n = 0; n < 5; n++) {
      connect().attendance.join("c", `m${n}`);
      time.pass(FLUSH_MS);
    }
    expect(listener.take()).toEqual([]);
    listener.unblock();
    expect(listener.take()).toMatchObject([{ count: 5, members: { length: 5 } }]);
    listener.unblock();
    expect(listener.take()).toEqual([]);
  });
});

describe("leaving", () => {
  test("is told at once where a connection says so, and after the grace where it broke", () => {
    const { time, connect } = openPresence();
    const listener = connect();
    const [ada, bob, cyd] = [connect(), connect(), connect()];
    ada.attendance.join("c", "ada");
    bob.attendance.join("c", "bob");
    cyd.attendance.join("c", "cyd");
    listener.attendance.listen("c");
    listener.take();
    ada.attendance.leave("c");
    bob.attendance.end(true);
    cyd.attendance.end(false);
    time.pass(FLUSH_MS);
    expect(listener.take()).toMatchObject([{ count: 1, left: ["ada", "bob"] }]);
    time.pass(GRACE_MS - 2 * FLUSH_MS);
    expect(listener.take()).toEqual([]);
    time.pass(4 * FLUSH_MS);
    expect(listener.take()).toMatchObject([{ count: 0, left: ["cyd"] }]);
  });

  test("and coming back within the grace tells nobody anything but a new state", () => {
    const { time, connect } = openPresence();
    const listener = connect();
    listener.attendance.listen("c");
    let ada = connect();
    ada.attendance.join("c", "ada", "1");
    time.pass(FLUSH_MS);
    listener.take();
    for (let n = 0; n < 5; n++) {
      ada.attendance.end(false);
      time.pass(GRACE_MS / 2);
      ada = connect();
      ada.attendance.join("c", "ada", "1");
    }
    time.pass(2 * GRACE_MS);
    expect(listener.take()).toEqual([]);
    ada.attendance.end(false);
    connect().attendance.join("c", "ada", "2");
    time.pass(2 * GRACE_MS);
    expect(listener.take()).toEqual([
      { type: "presence", channel: "c", count: 1, updated: [{ member: "ada", state: 2, since: SINCE }] },
    ]);
  });

  test("is with the last of several connections that are one member", () => {
    const { presence, time, connect } = openPresence();
    const tabs = [connect(), connect()];
    for (const { attendance } of tabs) attendance.join("c", "ada");
    tabs[0]?.attendance.leave("c");
    time.pass(2 * GRACE_MS);
    expect(presence.list("c").count).toBe(1);
    tabs[1]?.attendance.leave("c");
    expect(presence.list("c").count).toBe(0);
  });

  test("without having joined is refused", () => {
    const { attendance } = openPresence().connect();
    expect(codeOf(() => attendance.leave("c"))).toBe("MEMBER_UNKNOWN");
    expect(codeOf(() => attendance.update("c", "1"))).toBe("MEMBER_UNKNOWN");
  });
});

describe("members without a connection", () => {
  test("stay for their time, which putting them again renews", () => {
    const { presence, time } = openPresence();
    expect(presence.put("c", "ada", "1", 1_000).isNew).toBe(true);
    time.pass(900);
    expect(presence.put("c", "ada", "1", 1_000).isNew).toBe(false);
    time.pass(900);
    expect(presence.list("c").count).toBe(1);
    time.pass(200);
    expect([presence.list("c").count, presence.channels, time.timers]).toEqual([0, 0, 0]);
  });

  test("are removed at once, and one that a connection holds is not", () => {
    const { presence, connect } = openPresence();
    presence.put("c", "ada", undefined, 1_000);
    const { attendance } = connect();
    attendance.join("c", "ada");
    presence.remove("c", "ada");
    expect(presence.list("c").count).toBe(1);
    expect(codeOf(() => presence.remove("c", "ada"))).toBe("MEMBER_UNKNOWN");
    attendance.end(false);
    presence.remove("c", "ada");
    expect(presence.list("c").count).toBe(0);
    expect(codeOf(() => presence.remove("c", "bob"))).toBe("MEMBER_UNKNOWN");
  });

  test("are bounded in all channels together, with those whose connections broke", () => {
    const { presence, connect } = openPresence({ maxPresenceMembers: 3 });
    presence.put("a", "x", undefined, 1_000);
    presence.put("b", "x", undefined, 1_000);
    const { attendance } = connect();
    for (const channel of ["c", "d", "e"]) attendance.join(channel, "x");
    attendance.end(false);
    expect(presence.members).toBe(3);
    expect(codeOf(() => presence.put("f", "x", undefined, 1_000))).toBe("PRESENCE_FULL");
    expect(presence.put("a", "x", undefined, 2_000).isNew).toBe(false);
  });

  test("cost nothing that grows by being put off again and again", () => {
    const { presence, time } = openPresence();
    for (let n = 0; n < 10_000; n++) presence.put("c", "ada", undefined, 1_000 + ((n * 7_919) % 80_000_000));
    expect([presence.members, time.timers]).toEqual([1, 1]);
  });
});

describe("the list", () => {
  test("is by name, a page at a time, whoever comes and goes between", () => {
    const { presence } = openPresence();
    for (const name of ["d", "b", "e", "a", "c"]) presence.put("c", name, undefined, 1_000);
    const names = (page: { readonly members: readonly string[] }): string[] =>
      page.members.map((json) => (JSON.parse(json) as { member: string }).member);
    const first = presence.list("c", "", 2);
    expect([names(first), first.next, first.count]).toEqual([["a", "b"], "b", 5]);
    presence.remove("c", "b");
    presence.remove("c", "d");
    presence.put("c", "bb", undefined, 1_000);
    presence.put("c", "d", undefined, 1_000);
    const second = presence.list("c", "b", 2);
    expect([names(second), second.next]).toEqual([["bb", "c"], "c"]);
    const last = presence.list("c", "c", 2);
    expect([names(last), last.next]).toEqual([["d", "e"], undefined]);
  });

  test("has a version that changes with each change, and with nothing else", () => {
    const { presence } = openPresence();
    const version = (): number => presence.list("c").version;
    expect(version()).toBe(0);
    presence.put("c", "ada", "1", 1_000);
    const one = version();
    presence.put("c", "ada", "1", 2_000);
    expect(version()).toBe(one);
    presence.put("c", "ada", "2", 2_000);
    expect(version()).not.toBe(one);
    presence.remove("c", "ada");
    expect(version()).toBe(0);
  });

  test("can be watched: once, after the window of a change", () => {
    const { presence, time } = openPresence();
    let calls = 0;
    presence.watch("c", () => calls++);
    const end = presence.watch("c", () => (calls += 100));
    end();
    presence.put("c", "ada", undefined, 10_000);
    presence.put("c", "bob", undefined, 10_000);
    expect(calls).toBe(0);
    time.pass(FLUSH_MS);
    presence.put("c", "cyd", undefined, 10_000);
    time.pass(FLUSH_MS);
    expect(calls).toBe(1);
  });
});
