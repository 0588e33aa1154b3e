import { publish, send } from "@tidings/testing";
import { expect, test } from "vitest";
import { untilHeld } from "../support/held.ts";
import { openServer } from "../support/logs.ts";
import { RawWebSocket } from "../support/raw-web-socket.ts";

const ORIGIN = "https://app.example.com";

/** `Retry-After`, where a page of another origin can read it. */
function retryAfter({ headers }: Awaited<ReturnType<typeof send>>): number {
  expect(String(headers["access-control-expose-headers"]).split(", ")).toContain("Retry-After");
  return Number(headers["retry-after"]);
}

test("who is turned away for want of room is told when to come back, each another time", async () => {
  await using server = await openServer({ limits: { maxConnections: 1 }, cors: { origins: [ORIGIN] } });
  const held = send(`${server.url}/channels/a?wait=60`);
  await untilHeld(server.url, 1);
  const seconds = new Set<number>();
  for (let count = 0; count < 60; count++) {
    const [method, body] = count % 2 === 0 ? ["GET", undefined] : ["POST", "{}"];
    const refused = await send(`${server.url}/connect`, {
      method,
      headers: { accept: "text/event-stream", origin: ORIGIN, "content-type": "application/json" },
      ...(body === undefined ? {} : { body }),
    });
    expect([refused.status, refused.json()]).toMatchObject([503, { code: "TOO_MANY_CONNECTIONS" }]);
    seconds.add(retryAfter(refused));
  }
  // That one of three is never drawn in sixty times happens once in ten thousand million.
  expect(seconds).toEqual(new Set([1, 2, 3]));
  await using socket = await RawWebSocket.open(server.port, "/connect");
  expect(socket.head).toMatch(/^HTTP\/1\.1 503 [^]*\r\nRetry-After: [123]\r\n/);
  await publish(server.url, "a", "1");
  await held;
});

test("who publishes too fast may go on after a second", async () => {
  await using server = await openServer({
    limits: { maxEphemeralPerSecond: 1 },
    cors: { origins: [ORIGIN] },
  });
  for (;;) {
    const answer = await send(`${server.url}/channels/a?ephemeral`, {
      method: "POST",
      body: "1",
      headers: { "content-type": "application/json", origin: ORIGIN },
    });
    if (answer.status === 202) continue;
    expect([answer.status, retryAfter(answer)]).toEqual([429, 1]);
    return;
  }
});

test("a fault that does not pass has no such header", async () => {
  await using server = await openServer();
  const answer = await send(`${server.url}/channels/a?since=nonsense`);
  expect([answer.status, answer.headers["retry-after"]]).toEqual([400, undefined]);
});
