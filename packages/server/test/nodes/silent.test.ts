import { hasRedis, RedisServer, send } from "@tidings/testing";
import { expect, test } from "vitest";
import { HS256 } from "../auth/support.ts";
import { openServer } from "../support/logs.ts";
import { bearer } from "../support/secured.ts";
import { killable, untilListed, untilNodes } from "./support.ts";

test.runIf(hasRedis())(
  "what a node that gives no answer has is said to be missing, or to be tried again, and never that it is not there (redis-server is installed)",
  async () => {
    await using redis = await RedisServer.start();
    await using a = await openServer({ log: redis.url, auth: { jwt: [HS256] } });
    await using child = killable(redis.url, {}, { jwt: [HS256] });
    const url = `http://127.0.0.1:${await child.line()}`;
    const headers = await bearer({ admin: ["**"] });
    await untilNodes(a, 2, headers.authorization);
    const text = { ...headers, "content-type": "text/plain" };
    const post = { method: "POST", headers: text };
    const { ticket } = (await send(`${url}/tickets`, { method: "POST", headers })).json() as {
      ticket: string;
    };
    const { id } = (await send(`${url}/artifacts`, { ...post, body: "abc" })).json() as { id: string };
    await send(`${url}/presence/room?member=ada`, { method: "PUT", headers });
    await untilListed(a, "room", ["ada"], headers);
    const begun = await send(`${url}/artifacts`, {
      method: "POST",
      headers: { ...text, "upload-complete": "?0" },
      body: "ab",
    });
    const place = String(begun.headers["location"]);
    const patch = {
      "content-type": "application/partial-upload",
      "upload-offset": "2",
      "upload-complete": "?1",
    };
    const more = { method: "PATCH", headers: { ...headers, ...patch }, body: "c" };
    expect(await send(`${a.url}${place}`, more)).toMatchObject({
      status: 404,
      text: expect.stringContaining("begun on node child") as string,
    });
    // One that is revoked meanwhile holds nowhere.
    const ann = await bearer({ subscribe: ["room"] }, "ann");
    const issued = await send(`${url}/tickets`, { method: "POST", headers: ann });
    await a.tidings.revoke({ subject: "ann" });
    expect(
      await send(`${a.url}/channels/room?ticket=${(issued.json() as { ticket: string }).ticket}`),
    ).toMatchObject({ status: 401, text: expect.stringContaining("revoked") as string });

    child.signal("SIGSTOP");
    const get = async (path: string): Promise<Awaited<ReturnType<typeof send>>> =>
      send(`${a.url}${path}`, { headers });
    const [one, byTicket, artifact, member, ...lists] = await Promise.all([
      get("/admin/connections/nobody"),
      send(`${a.url}/channels/room?ticket=${ticket}`),
      get(`/artifacts/${id}`),
      send(`${a.url}/presence/room?member=ada`, { method: "DELETE", headers }),
      ...["connections", "channels", "nodes", "events"].map(async (list) => get(`/admin/${list}`)),
    ]);
    for (const list of lists)
      expect(list.json()).toMatchObject({
        missing: [{ name: "child", why: "gave no answer within 2000 ms" }],
      });
    expect(one).toMatchObject({
      status: 404,
      text: expect.stringContaining("Node child gave no answer") as string,
    });
    expect(byTicket.json()).toMatchObject({ status: 503, code: "AUTH_UNAVAILABLE", retryable: true });
    for (const answer of [artifact, member])
      expect(answer.json()).toMatchObject({ status: 503, code: "LOG_UNAVAILABLE", retryable: true });
  },
);
