import { hasRedis, RedisServer, send } from "@tidings/testing";
import { describe, expect, test } from "vitest";
import type { AuthOptions } from "../../src/auth/index.ts";
import { HS256 } from "../auth/support.ts";
import { openServer } from "../support/logs.ts";
import { bearer } from "../support/secured.ts";

async function ticketOf(url: string, authorization: string): Promise<string> {
  const answer = await send(`${url}/tickets`, { method: "POST", headers: { authorization } });
  return (answer.json() as { ticket: string }).ticket;
}

describe.runIf(hasRedis())("a ticket of another node (redis-server is installed)", () => {
  test("holds once on all nodes together, and for what it was issued for, however many try it at once", async () => {
    await using redis = await RedisServer.start();
    const auth: AuthOptions = {
      jwt: [HS256],
      hook: { ask: () => ({ allow: true, grants: { subscribe: ["said"] } }), actions: ["connect"] },
    };
    await using a = await openServer({ log: redis.url, auth });
    await using b = await openServer({ log: redis.url, auth });
    const read = async (url: string, channel: string, ticket: string): Promise<number> =>
      (await send(`${url}/channels/${channel}?ticket=${ticket}`)).status;
    const { authorization } = await bearer({ subscribe: ["granted"] }, "ann");
    const mine = await ticketOf(a.url, authorization);
    expect(await read(b.url, "granted", mine)).toBe(200);
    for (const { url } of [a, b]) expect(await read(url, "granted", mine)).toBe(401);
    // What the application has said goes with it.
    expect(await read(b.url, "said", await ticketOf(a.url, authorization))).toBe(200);
    expect(await read(b.url, "other", await ticketOf(a.url, authorization))).toBe(403);
    const tried = await ticketOf(a.url, authorization);
    const all = await Promise.all([a, b, b, a].map(({ url }) => read(url, "granted", tried)));
    expect(all.toSorted((one, other) => one - other)).toEqual([200, 401, 401, 401]);
    const [random = "", node = ""] = mine.split(".");
    for (const made of [
      `${random.slice(1)}A.${node}`,
      `${random}.${"x".repeat(16)}`,
      `.${node}`,
      `${random}.`,
    ])
      expect(await read(b.url, "granted", made)).toBe(401);
  });
});
