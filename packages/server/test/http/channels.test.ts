import { publish, publishNumbers, send } from "@tidings/testing";
import { describe, expect, test } from "vitest";
import { LOGS, openServer } from "../support/logs.ts";

interface Listing {
  readonly channels: readonly { readonly channel: string }[];
  readonly next?: string;
}

describe("the list of channels", () => {
  test.each(LOGS)(
    "names them in order, with what is held of each and how many read it ($name)",
    async (log) => {
      await using server = await log.open();
      const { cursor } = await publishNumbers(server.url, "b/2", 1, 3);
      await publishNumbers(server.url, "a", 1, 1);
      const { channels } = (await send(`${server.url}/channels`)).json() as Listing;
      expect(channels.map(({ channel }) => channel)).toEqual(["a", "b/2"]);
      expect(channels[1]).toMatchObject({
        channel: "b/2",
        cursor,
        messages: 3,
        bytes: expect.any(Number) as number,
        readers: 0,
      });
    },
  );

  test.each(LOGS)("comes in pages, and by prefix ($name)", async (log) => {
    await using server = await log.open();
    for (const name of ["x/1", "x/2", "x/3", "x/4", "y/1"]) await publish(server.url, name, "1");
    const seen: string[] = [];
    for (let after = ""; ;) {
      const { channels, next } = (
        await send(`${server.url}/channels?prefix=x/&limit=2&after=${after}`)
      ).json() as Listing;
      seen.push(...channels.map(({ channel }) => channel));
      if (next === undefined) break;
      after = next;
    }
    expect(seen).toEqual(["x/1", "x/2", "x/3", "x/4"]);
  });

  test("a name of the language's own is a channel like others", async () => {
    await using server = await openServer();
    for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty/__proto__"]) {
      expect((await publish(server.url, name, `"${name}"`)).offset).toBe(1);
      expect((await send(`${server.url}/channels/${name}`)).json()).toMatchObject({
        messages: [{ channel: name, data: name }],
      });
    }
    const page = (await send(`${server.url}/connect?channel=__proto__&channel=constructor`)).text;
    expect(page).toMatch(/"cursors":\{"__proto__":"[a-z0-9]+\.1","constructor":"[a-z0-9]+\.1"\}/);
    expect({}).not.toHaveProperty("polluted");
  });
});

describe("truncating", () => {
  test("answers 204 and drops all, or what is up to and with a cursor; offsets go on", async () => {
    await using server = await openServer();
    const { cursor } = await publishNumbers(server.url, "a", 1, 5);
    const [epoch] = cursor.split(".");
    const part = await send(`${server.url}/channels/a?through=${epoch}.3`, { method: "DELETE" });
    expect([part.status, part.text]).toEqual([204, ""]);
    expect((await send(`${server.url}/channels/a`)).json()).toMatchObject({
      messages: [{ data: 4 }, { data: 5 }],
    });
    await send(`${server.url}/channels/a`, { method: "DELETE" });
    expect((await send(`${server.url}/channels/a`)).json()).toEqual({ messages: [], cursor, caughtUp: true });
    expect((await publish(server.url, "a", "6")).offset).toBe(6);
  });

  test("refuses a cursor of another life of the log, and channels of the system", async () => {
    await using server = await openServer();
    await publishNumbers(server.url, "a", 1, 2);
    const refused = await send(`${server.url}/channels/a?through=zzz.1`, { method: "DELETE" });
    expect([refused.status, refused.json()]).toEqual([
      400,
      expect.objectContaining({ code: "CURSOR_INVALID", field: "through" }),
    ]);
    expect((await send(`${server.url}/channels/$x`, { method: "DELETE" })).status).toBe(403);
  });
});
