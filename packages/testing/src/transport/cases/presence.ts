import type { Member, PresenceFrame } from "@tidings/protocol";
import { expect, test } from "vitest";
import type { Bench } from "../case.ts";
import { dataOf, take, until } from "../collect.ts";
import { publishNumbers } from "../publish.ts";
import { send } from "../send.ts";
import type { TransportStream } from "../types.ts";

/** Who is in a channel, told by streams and asked for by those who poll. */
export function presence(bench: Bench): void {
  const { driver, log } = bench;

  async function put(url: string, channel: string, member: string, state?: string): Promise<number> {
    const options = { method: "PUT", ...(state === undefined ? {} : { body: state }) };
    return (await send(`${url}/presence/${channel}?member=${member}`, options)).status;
  }

  async function remove(url: string, channel: string, member: string): Promise<number> {
    return (await send(`${url}/presence/${channel}?member=${member}`, { method: "DELETE" })).status;
  }

  if (!driver.isStream) {
    test.skipIf(driver.tellsPresence)(
      "a poll that asks for presence is refused, and told where it is",
      async () => {
        const { url } = await bench.server();
        const channel = bench.channel();
        await using poll = await bench.open(url, { channel, presence: true });
        expect(await poll.next()).toMatchObject({ type: "error", code: "QUERY_INVALID", status: 400 });
        const refused = await send(`${url}/channels/${channel}?presence`);
        expect(refused.text).toContain("GET /presence/{channel}");
      },
    );

    test.runIf(driver.tellsPresence)("a poll that asks is told who is there, and who changes", async () => {
      const { url } = await bench.server();
      const channel = bench.channel();
      await using poll = await bench.open(url, { channel, since: "latest", presence: true });
      const next = async (fits: (frame: PresenceFrame) => boolean): Promise<unknown> =>
        until(poll, (event) => event.type === "presence" && fits(event));
      await next(({ count, members }) => count === 0 && members?.length === 0);
      expect(await put(url, channel, "ada", '{"x":1}')).toBe(201);
      await next(({ members }) => JSON.stringify(members).includes('{"x":1}'));
      expect(await remove(url, channel, "ada")).toBe(204);
      await next(({ count }) => count === 0);
    });

    test("GET /presence/{channel} waits until what it lists differs from what is known", async () => {
      const { url } = await bench.server();
      const channel = bench.channel();
      const first = await send(`${url}/presence/${channel}`);
      expect(first.json()).toEqual({ channel, count: 0, members: [] });
      const known = { "if-none-match": String(first.headers["etag"]) };
      expect((await send(`${url}/presence/${channel}`, { headers: known })).status).toBe(304);
      const changed = send(`${url}/presence/${channel}?wait=30`, { headers: known });
      expect(await put(url, channel, "ada", '{"n":1}')).toBe(201);
      expect((await changed).json()).toMatchObject({
        count: 1,
        members: [{ member: "ada", state: { n: 1 } }],
      });
    });
    return;
  }

  /** The list that a client makes of the channel's presence, once it fits. */
  async function listed(
    stream: TransportStream,
    channel: string,
    list: Map<string, unknown>,
    fits: (list: ReadonlyMap<string, unknown>) => boolean,
  ): Promise<readonly PresenceFrame[]> {
    const frames: PresenceFrame[] = [];
    await until(stream, (event) => {
      if (event.type !== "presence" || event.channel !== channel) return false;
      frames.push(event);
      if (event.members !== undefined) list.clear();
      const here: readonly Member[] = [
        ...(event.members ?? []),
        ...(event.joined ?? []),
        ...(event.updated ?? []),
      ];
      for (const { member, state } of here) list.set(member, state);
      for (const member of event.left ?? []) list.delete(member);
      expect(event.count).toBe(list.size);
      return fits(list);
    });
    return frames;
  }

  test("a stream that asks is told who is there, and then who joins, changes and leaves", async () => {
    const { url } = await bench.server();
    const channel = bench.channel();
    expect(await put(url, channel, "ada", '{"x":1}')).toBe(201);
    await using stream = await bench.open(url, { channel, since: "latest", presence: true });
    const list = new Map<string, unknown>();
    const [first] = await listed(stream, channel, list, () => true);
    expect(first).toMatchObject({ count: 1, members: [{ member: "ada", state: { x: 1 } }] });
    await put(url, channel, "bob");
    await listed(stream, channel, list, (now) => now.has("bob"));
    expect(await put(url, channel, "ada", '"away"')).toBe(200);
    await listed(stream, channel, list, (now) => now.get("ada") === "away");
    expect(await remove(url, channel, "ada")).toBe(204);
    await listed(stream, channel, list, (now) => !now.has("ada"));
    expect([...list]).toEqual([["bob", undefined]]);
    await publishNumbers(url, channel, 1, 2);
    expect(dataOf(await take(stream, 2))).toEqual(["1", "2"]);
  });

  test("a stream that does not ask is told nothing of it", async () => {
    const { url } = await bench.server();
    const channel = bench.channel();
    await using stream = await bench.open(url, { channel, since: "latest" });
    await bench.caughtUp(stream, channel);
    await using witness = await bench.open(url, { channel, since: "latest", presence: true });
    await put(url, channel, "ada");
    await listed(witness, channel, new Map(), (now) => now.has("ada"));
    await publishNumbers(url, channel, 1, 1);
    const events = await until(stream, (event) => event.type === "message");
    expect(events.filter((event) => event.type === "presence")).toEqual([]);
  });

  test("a stream that comes back is told anew who is there", async () => {
    const { url } = await bench.server();
    const channel = bench.channel();
    const stream = await bench.open(url, { channel, since: "latest", presence: true });
    await until(stream, (event) => event.type === "presence" && event.channel === channel);
    stream.cut();
    await put(url, channel, "ada");
    await using again = await stream.reopen();
    const list = new Map<string, unknown>();
    await listed(again, channel, list, (now) => now.has("ada"));
  });

  test("above the limit the count alone is told", async () => {
    await using server = await log.open({ limits: { maxPresenceListed: 2, presenceFlushMs: 5 } });
    const channel = bench.channel();
    await using stream = await bench.open(server.url, { channel, since: "latest", presence: true });
    for (const member of ["a", "b", "c"]) await put(server.url, channel, member);
    const events = await until(
      stream,
      (event) => event.type === "presence" && event.channel === channel && event.count === 3,
    );
    expect(events.at(-1)).toEqual({ type: "presence", channel, count: 3 });
    await remove(server.url, channel, "a");
    await remove(server.url, channel, "b");
    const below = await until(
      stream,
      (event) => event.type === "presence" && event.channel === channel && event.count === 1,
    );
    expect(below.at(-1)).toMatchObject({ members: [{ member: "c" }] });
  });

  test("a channel whose policy has no presence is refused with a code", async () => {
    await using server = await log.open({ policies: [{ pattern: "closed", presence: false }] });
    await using stream = await driver.open(server.url, {
      channels: ["closed"],
      since: "latest",
      presence: true,
    });
    const events = await until(stream, (event) => event.type === "error");
    expect(events.at(-1)).toMatchObject({ code: "PRESENCE_FORBIDDEN" });
  });

  if (!driver.isMulti) return;

  test("PATCH joins and leaves, and a connection that is cut is waited for", async () => {
    await using server = await log.open({ limits: { presenceGraceMs: 50, presenceFlushMs: 5 } });
    const { url } = server;
    const channel = bench.channel();
    await using listener = await driver.open(url, { channels: [channel], since: "latest", presence: true });
    const list = new Map<string, unknown>();
    await listed(listener, channel, list, () => true);
    await using member = await driver.open(url, { channels: [`${channel}/own`], since: "latest" });
    await until(member, (event) => event.type === "caught-up");
    const patch = async (body: string): Promise<{ status: number; text: string }> =>
      send(`${url}/connections/${member.connection}`, { method: "PATCH", body });
    const joined = await patch(
      `{"join":[{"channel":"${channel}","member":"ada","state":[1.50,12345678901234567890]},{"channel":"other"}]}`,
    );
    expect(JSON.parse(joined.text)).toMatchObject({
      members: { [channel]: "ada", other: expect.any(String) as string },
    });
    await listed(listener, channel, list, (now) => now.has("ada"));
    expect((await send(`${url}/presence/${channel}`)).text).toContain("[1.50,12345678901234567890]");
    expect(JSON.parse((await patch('{"leave":["nowhere"]}')).text)).toMatchObject({ code: "MEMBER_UNKNOWN" });
    expect((await patch(`{"leave":["${channel}"]}`)).status).toBe(200);
    await listed(listener, channel, list, (now) => now.size === 0);
    await patch(`{"join":[{"channel":"${channel}","member":"bob"}]}`);
    await listed(listener, channel, list, (now) => now.has("bob"));
    member.cut();
    await listed(listener, channel, list, (now) => now.size === 0);
  });
}
