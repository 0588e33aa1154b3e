import { hasRedis, RedisServer, send } from "@tidings/testing";
import { describe, expect, test } from "vitest";
import { HS256 } from "../auth/support.ts";
import { openServer } from "../support/logs.ts";
import { bearer } from "../support/secured.ts";
import { untilNodes } from "./support.ts";

interface Frame {
  readonly type: string;
  readonly connection: string;
}

/** The frames of a stream as NDJSON. */
async function* read(
  url: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): AsyncGenerator<Frame, void> {
  const response = await fetch(url, { headers: { ...headers, accept: "application/x-ndjson" }, signal });
  let rest = "";
  for await (const bytes of response.body ?? []) {
    const lines = (rest + Buffer.from(bytes as Uint8Array).toString()).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line !== "") yield JSON.parse(line) as Frame;
  }
}

async function next(frames: AsyncGenerator<Frame, void>, type: string): Promise<Frame> {
  for (;;) {
    const { value } = await frames.next();
    if (value === undefined) throw new Error("the stream ended");
    if (value.type === type) return value;
  }
}

describe.runIf(hasRedis())("PATCH /connections/{id} at another node (redis-server is installed)", () => {
  test("changes the stream where it is, for its holder alone, and refuses as that node does", async () => {
    await using redis = await RedisServer.start();
    const options = { log: redis.url, auth: { jwt: [HS256] }, limits: { maxChannelsPerConnection: 3 } };
    await using a = await openServer(options);
    await using b = await openServer(options);
    const admin = await bearer({ admin: ["**"] });
    await untilNodes(b, 2, admin.authorization);
    const ann = await bearer({ subscribe: ["a", "b", "c"], presence: ["a"] }, "ann");
    const abort = new AbortController();
    const frames = read(`${a.url}/connect?channel=a`, ann, abort.signal);
    const { connection } = await next(frames, "welcome");
    const patch = async (
      body: object | string,
      headers: Readonly<Record<string, string>> = ann,
      id = connection,
    ): Promise<{ readonly status: number; readonly json: object }> => {
      const text = typeof body === "string" ? body : JSON.stringify(body);
      const answer = await send(`${b.url}/connections/${id}`, { method: "PATCH", body: text, headers });
      return { status: answer.status, json: answer.json() as object };
    };
    const done = await patch({ subscribe: [{ channel: "b" }], join: [{ channel: "a", member: "ann" }] });
    expect(done).toMatchObject({
      status: 200,
      json: { channels: { b: expect.any(String) as string }, members: { a: "ann" } },
    });
    await a.tidings.publish("b", 1);
    expect(await next(frames, "message")).toMatchObject({ channel: "b", data: 1 });
    const { authorization: bob } = await bearer({ subscribe: ["**"] }, "bob");
    const refusals: readonly (readonly [object | string, object, object?, string?])[] = [
      ["{", { status: 400, json: { code: "BODY_INVALID" } }],
      [{ unsubscribe: ["c"] }, { status: 404, json: { code: "NOT_SUBSCRIBED" } }],
      [{ subscribe: [{ channel: "other" }] }, { status: 403, json: { code: "FORBIDDEN" } }],
      [
        { subscribe: [{ channel: "c" }] },
        { status: 403, json: { code: "FORBIDDEN" } },
        await bearer({ subscribe: ["**"] }, "bob"),
      ],
      [{ token: "x" }, { status: 401, json: { code: "UNAUTHENTICATED" } }],
      [{ token: bob.slice("Bearer ".length) }, { status: 403, json: { code: "FORBIDDEN" } }],
      [{ subscribe: [] }, { status: 404, json: { code: "CONNECTION_UNKNOWN" } }, ann, "nobody"],
    ];
    for (const [body, expected, headers, id] of refusals)
      expect(await patch(body, (headers ?? ann) as Record<string, string>, id)).toMatchObject(expected);
    // A new credential is looked at where it comes, and holds where the connection is.
    const { authorization } = await bearer({ subscribe: ["a", "other"] }, "ann");
    const renewed = await patch({
      token: authorization.slice("Bearer ".length),
      subscribe: [{ channel: "other" }],
    });
    expect(renewed).toMatchObject({
      status: 200,
      json: { channels: { other: expect.any(String) as string } },
    });
    expect(await next(frames, "error")).toMatchObject({ code: "FORBIDDEN", channel: "b" });
    abort.abort();
  });
});
