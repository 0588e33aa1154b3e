import { hasRedis, RedisServer } from "@tidings/testing";
import { describe, expect, test } from "vitest";
import { HS256 } from "../auth/support.ts";
import { openServer, type TestServer } from "../support/logs.ts";
import { bearer } from "../support/secured.ts";

/** A stream, or the code for which there is none. */
async function open(
  { url }: TestServer,
  headers: Readonly<Record<string, string>>,
): Promise<AbortController | string> {
  const abort = new AbortController();
  const response = await fetch(`${url}/channels/a`, {
    headers: { ...headers, accept: "application/x-ndjson" },
    signal: abort.signal,
  });
  if (response.status === 200) return abort;
  return ((await response.json()) as { code: string }).code;
}

/** Tries until there is none: a node may not have heard yet of those on the others. */
async function untilRefused(server: TestServer, headers: Readonly<Record<string, string>>): Promise<string> {
  for (;;) {
    const opened = await open(server, headers);
    if (typeof opened === "string") return opened;
    opened.abort();
  }
}

async function untilTaken(
  server: TestServer,
  headers: Readonly<Record<string, string>>,
): Promise<AbortController> {
  for (;;) {
    const opened = await open(server, headers);
    if (typeof opened !== "string") return opened;
    expect(opened).toBe("TOO_MANY_CONNECTIONS");
  }
}

describe.runIf(hasRedis())("connections of one subject on several nodes (redis-server is installed)", () => {
  test("are counted together; one that ends anywhere makes room everywhere", async () => {
    await using redis = await RedisServer.start();
    const options = { log: redis.url, auth: { jwt: [HS256] }, limits: { maxConnectionsPerSubject: 4 } };
    await using a = await openServer(options);
    await using b = await openServer(options);
    const ann = await bearer({ subscribe: ["**"] }, "ann");
    const held: AbortController[] = [];
    for (const server of [a, b, a]) held.push((await open(server, ann)) as AbortController);
    // The one that is left may be had on either, once.
    held.push(await untilTaken(b, ann));
    for (const server of [a, b]) expect(await untilRefused(server, ann)).toBe("TOO_MANY_CONNECTIONS");
    held.push((await open(b, await bearer({ subscribe: ["**"] }, "bob"))) as AbortController);
    held[0]?.abort();
    held.push(await untilTaken(b, ann));
    for (const abort of held) abort.abort();
  });
});
