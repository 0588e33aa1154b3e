import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { send } from "@tidings/testing";
import { describe, expect, test } from "vitest";
import { createTidings } from "../../src/tidings.ts";
import { untilHeld } from "../support/held.ts";
import { openServer } from "../support/logs.ts";
import { getRequest, RawClient } from "../support/raw-client.ts";
import { RawWebSocket } from "../support/raw-web-socket.ts";

const SSE = { Accept: "text/event-stream" };

async function openStream(
  port: number,
  path: string,
  headers: Readonly<Record<string, string>>,
): Promise<RawClient> {
  const client = await RawClient.open(port);
  client.send(getRequest(path, headers));
  await client.until("caught-up");
  return client;
}

describe("draining", () => {
  test("answers long polls at once, with an empty page", async () => {
    await using server = await openServer();
    const polled = send(`${server.url}/channels/a?wait=60`);
    await untilHeld(server.url, 1);
    await server.tidings.drain();
    expect((await polled).json()).toMatchObject({ messages: [], caughtUp: true });
  });

  test("tells an event stream when to come back, as its retry and as an event, and ends it", async () => {
    await using server = await openServer({ drainMs: 50 });
    await using client = await openStream(server.port, "/channels/a", SSE);
    await server.tidings.drain();
    const rest = await client.closed();
    const [, retry, told] =
      /retry: ([0-9]+)\nevent: tidings\.draining\ndata: \{"type":"draining","reconnectInMs":([0-9]+)\}\n\n$/.exec(
        rest,
      ) ?? [];
    expect(retry).toBeDefined();
    expect(retry).toBe(told);
    expect(Number(retry)).toBeGreaterThanOrEqual(500);
  });

  test("tells NDJSON by a line, and ends it", async () => {
    await using server = await openServer();
    await using client = await openStream(server.port, "/channels/a", { Accept: "application/x-ndjson" });
    await server.tidings.drain();
    expect(await client.closed()).toMatch(/\{"type":"draining","reconnectInMs":[0-9]+\}\n$/);
  });

  test("closes a raw WebSocket with 1001, and tidings.v1 with a draining frame and 4503", async () => {
    await using server = await openServer();
    await using raw = await RawWebSocket.open(server.port, "/channels/a");
    await using v1 = await RawWebSocket.open(server.port, "/channels/a", "tidings.v1");
    await raw.jsonOf("caught-up");
    await v1.jsonOf("caught-up");
    const drained = server.tidings.drain();
    expect(await raw.closeFrame()).toMatchObject({ code: 1001 });
    expect(await v1.jsonOf("draining")).toMatchObject({ reconnectInMs: expect.any(Number) as number });
    expect(await v1.closeFrame()).toMatchObject({ code: 4503 });
    await drained;
  });

  test("is spread over its window, so that neither the end nor the return is a storm", async () => {
    await using server = await openServer({ drainMs: 400 });
    const clients = await Promise.all(
      Array.from({ length: 40 }, async () => openStream(server.port, "/channels/a", SSE)),
    );
    const beganAt = performance.now();
    const endedAt: number[] = [];
    const returns: number[] = [];
    const ended = clients.map(async (client) => {
      returns.push(Number(/"reconnectInMs":([0-9]+)/.exec(await client.closed())?.[1]));
      endedAt.push(performance.now() - beganAt);
    });
    await server.tidings.drain();
    await Promise.all(ended);
    expect(new Set(returns).size).toBeGreaterThan(10);
    expect(Math.max(...returns)).toBeLessThanOrEqual(500 + 900);
    // Not all in one moment: how far apart they are is the machine's affair, that they are apart is ours.
    expect(Math.max(...endedAt) - Math.min(...endedAt)).toBeGreaterThan(50);
  });

  test("ends though a client does not take its end", async () => {
    await using server = await openServer({ drainMs: 0 });
    await using deaf = await RawWebSocket.open(server.port, "/channels/a");
    await deaf.jsonOf("caught-up");
    await server.tidings.drain();
    await server.tidings.close();
    await deaf.client.closed();
  });

  test("refuses new streams with 503 and when to try again, still takes publishes, and is not ready", async () => {
    const tidings = await createTidings({ log: "memory", drainMs: 60_000 });
    // Its own listener would take no new connection either; a server that it is mounted in goes on.
    const app = createServer(tidings.handler);
    tidings.attach(app);
    await once(app.listen(0, "127.0.0.1"), "listening");
    const { port } = app.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}`;
    await using _held = await openStream(port, "/channels/a", SSE);
    const drained = tidings.drain();
    for (const path of ["/channels/a?wait=60", "/connect?channel=a&wait=60"]) {
      const refused = await send(url + path);
      expect([refused.status, refused.headers["retry-after"], refused.json()], path).toEqual([
        503,
        expect.stringMatching(/^[123]$/) as string,
        expect.objectContaining({ code: "DRAINING" }),
      ]);
    }
    const stream = await send(`${url}/channels/a`, { headers: { accept: "text/event-stream" } });
    expect(stream.status).toBe(503);
    const posted = await send(`${url}/connect`, {
      method: "POST",
      body: "{}",
      headers: { accept: "text/event-stream", "content-type": "application/json" },
    });
    expect([posted.status, posted.headers["retry-after"]]).toEqual([
      503,
      expect.stringMatching(/^[123]$/) as string,
    ]);
    await using socket = await RawWebSocket.open(port, "/channels/a");
    expect(socket.head).toMatch(/^HTTP\/1\.1 503 [^]*\r\nRetry-After: [123]\r\n/);
    const ready = await send(`${url}/readyz`);
    expect([ready.status, ready.json()]).toEqual([503, { status: "draining" }]);
    expect(
      (
        await send(`${url}/channels/a`, {
          method: "POST",
          body: "1",
          headers: { "content-type": "application/json" },
        })
      ).status,
    ).toBe(201);
    await tidings.close();
    await drained;
    app.close();
  });
});
