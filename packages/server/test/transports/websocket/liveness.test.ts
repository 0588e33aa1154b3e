import { once } from "node:events";
import { send } from "@tidings/testing";
import { describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { untilHeld } from "../../support/held.ts";
import { openServer } from "../../support/logs.ts";
import { frame, OPCODE, RawWebSocket } from "../../support/raw-web-socket.ts";

describe("peers that are gone, and peers that are slow", () => {
  test("a peer that does not answer a ping in time is given up", async () => {
    await using server = await openServer({ limits: { pingMs: 32, pongTimeoutMs: 20 } });
    await using socket = await RawWebSocket.open(server.port, "/channels/a");
    await socket.jsonOf("caught-up");
    expect((await socket.frame()).opcode).toBe(OPCODE.ping);
    await socket.client.closed();
    await untilHeld(server.url, 0);
  });

  test("a peer that answers stays, ping after ping", async () => {
    await using server = await openServer({ limits: { pingMs: 16, pongTimeoutMs: 10_000 } });
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/channels/a`);
    for (let ping = 0; ping < 5; ping++) await once(socket, "ping");
    await server.tidings.publish("a", 1);
    const [data] = (await once(socket, "message")) as [Buffer];
    expect(JSON.parse(data.toString())).toHaveProperty("type");
    socket.terminate();
  });

  test("a client that asks and does not read its answers is read from no more, and goes on when it reads", async () => {
    const total = 100_000;
    await using server = await openServer({ limits: { maxEphemeralPerSecond: 1_000_000 } });
    await using socket = await RawWebSocket.open(server.port, "/connect", "tidings.v1");
    await socket.jsonOf("welcome");
    const { socket: tcp } = socket.client;
    tcp.pause();
    // Answers are as long as questions, and more than both kernels keep: without a bound the server would hold the rest.
    const question = JSON.stringify({
      type: "publish",
      id: "x".repeat(128),
      channel: "a",
      data: 1,
      ephemeral: true,
    });
    const block = Buffer.concat(Array.from({ length: 1_000 }, () => frame(OPCODE.text, question)));
    for (let sent = 0; sent < total; sent += 1_000) tcp.write(block);
    const taken = await settled(async () => published(server.url));
    expect(taken).toBeGreaterThan(0);
    expect(taken).toBeLessThan(total);
    tcp.resume();
    for (let answer = 0; answer < total; answer++) await socket.json();
    expect(await published(server.url)).toBe(total);
  });
});

async function published(url: string): Promise<number> {
  const { text } = await send(`${url}/metrics`);
  return Number(/^tidings_messages_published_total ([0-9]+)$/m.exec(text)?.[1]);
}

/** The value of something once it has stayed the same over many turns of the server's loop. */
async function settled(read: () => Promise<number>): Promise<number> {
  let value = await read();
  for (let same = 0; same < 30; same++) {
    const next = await read();
    if (next !== value) same = 0;
    value = next;
  }
  return value;
}
