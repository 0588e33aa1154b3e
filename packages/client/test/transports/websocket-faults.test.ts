import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer } from "node:http";
import { describe, expect, test } from "vitest";
import { type WebSocket as Socket, WebSocketServer } from "ws";
import { CLOSE_CODES } from "@tidings/protocol";
import { webSocket } from "../../src/transports/websocket.ts";
import type { RequestFrame } from "../../src/core/transport.ts";
import { testContext } from "../support/context.ts";
import { openRaw } from "../support/raw-server.ts";
import { open, type Recorded } from "../support/recorded.ts";
import { openServer } from "../support/server.ts";

interface SocketServer extends AsyncDisposable {
  readonly url: string;
}

/** A WebSocket server that does with each socket what a test says. */
async function openSockets(
  serve: (socket: Socket, messages: string[]) => void,
  protocol = "tidings.v1",
): Promise<SocketServer> {
  const server = createServer();
  const sockets = new WebSocketServer({
    server,
    handleProtocols: () => (protocol === "" ? false : protocol),
  });
  sockets.on("connection", (socket) => {
    const messages: string[] = [];
    socket.on("message", (data: Buffer) => messages.push(data.toString()));
    serve(socket, messages);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets.clients) socket.terminate();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const welcome = (heartbeatMs = 25_000): string =>
  JSON.stringify({ type: "welcome", connection: "c", heartbeatMs, limits: {} });

const ask = async (connection: Recorded, frame: RequestFrame, more = {}): Promise<unknown> =>
  connection.connection.request?.(frame, more);

describe("a WebSocket that cannot be had", () => {
  test.each([403, 200, 502])(
    "an upgrade that is answered with %d is a path that does not let it through",
    async (status) => {
      await using server = await openRaw(
        (_, res) => res.end(),
        (_, socket) => socket.end(`HTTP/1.1 ${status} no\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`),
      );
      const connection = open(webSocket, testContext(server.url), { a: {} });
      expect(await connection.ended).toMatchObject({ code: "TRANSPORT_BLOCKED", retryable: true });
      expect(connection.frames).toEqual([]);
    },
  );

  test("an upgrade that is reset too", async () => {
    await using server = await openRaw(
      (_, res) => res.end(),
      (_, socket) => socket.destroy(),
    );
    const connection = open(webSocket, testContext(server.url), { a: {} });
    expect(await connection.ended).toMatchObject({ code: "TRANSPORT_BLOCKED" });
  });

  test("a server that does not speak the subprotocol is not the server", async () => {
    await using server = await openSockets(() => undefined, "");
    const connection = open(webSocket, testContext(server.url), { a: {} });
    expect(await connection.ended).toMatchObject({ code: "TRANSPORT_BLOCKED" });
  });

  test("a socket that opens and is closed before the greeting too: something stands between", async () => {
    await using server = await openSockets((socket) => socket.terminate());
    const connection = open(webSocket, testContext(server.url), { a: {} });
    expect(await connection.ended).toMatchObject({ code: "TRANSPORT_BLOCKED" });
  });

  test("a socket that opens and says nothing is left to the link, and closed by it", async () => {
    const closed = Promise.withResolvers<void>();
    await using server = await openSockets((socket) => socket.on("close", () => closed.resolve()));
    const opened = open(webSocket, testContext(server.url), { a: {} });
    await new Promise((resolve) => setImmediate(resolve));
    opened.connection.close();
    await closed.promise.catch(() => undefined);
    expect(opened.isEnded).toBe(false);
  }, 5_000);

  test("a platform without WebSocket says so", async () => {
    const context = testContext("http://127.0.0.1:9", {
      WebSocket: function none() {
        throw new TypeError("no");
      } as unknown as typeof WebSocket,
    });
    const connection = open(webSocket, context, { a: {} });
    expect(await connection.ended).toMatchObject({ code: "TRANSPORT_BLOCKED" });
  });
});

describe("a WebSocket that ends", () => {
  /** What an application may close with, and no code at all. */
  const codes = Object.keys(CLOSE_CODES)
    .map(Number)
    .filter((code) => code !== 1000 && code !== 4401);

  test.each(codes)("with %d is lost, and tells the code", async (code) => {
    await using server = await openSockets((socket) => {
      socket.send(welcome());
      socket.close(code);
    });
    const connection = open(webSocket, testContext(server.url), { a: {} });
    expect(await connection.ended).toMatchObject({ code: "CONNECTION_LOST", status: code, retryable: true });
  });

  test("with 4401 is a token that was refused", async () => {
    await using server = await openSockets((socket) => {
      socket.send(welcome());
      socket.close(4401);
    });
    const connection = open(webSocket, testContext(server.url), { a: {} });
    expect(await connection.ended).toMatchObject({ code: "UNAUTHENTICATED", status: 4401 });
  });

  test("without a close frame is to be connected again", async () => {
    await using server = await openSockets((socket) => {
      socket.send(welcome(), () => socket.terminate());
    });
    const connection = open(webSocket, testContext(server.url), { a: {} });
    expect(await connection.ended).toMatchObject({ code: "CONNECTION_LOST", retryable: true });
  });

  test("after the server said that it goes down, tells that first", async () => {
    await using server = await openServer({ drainMs: 20 });
    const connection = open(webSocket, testContext(server.url), { a: {} });
    await connection.next("caught-up");
    void server.tidings.drain();
    expect(await connection.ended).toMatchObject({ code: "CONNECTION_LOST", status: 4503, retryable: true });
    expect(connection.frames.at(-1)).toMatchObject({ type: "draining" });
  });

  test("by words that are not ours", async () => {
    await using server = await openSockets((socket) => {
      socket.send(welcome());
      socket.send("not JSON");
    });
    const connection = open(webSocket, testContext(server.url), { a: {} });
    expect(await connection.ended).toMatchObject({ code: "CONNECTION_LOST", retryable: true });
  });

  test("gives up all that was asked over it", async () => {
    await using server = await openSockets((socket) => {
      socket.send(welcome());
      socket.on("message", (data: Buffer) => {
        if (data.toString().includes("publish")) socket.terminate();
      });
    });
    const connection = open(webSocket, testContext(server.url));
    await connection.next("welcome");
    const publishes = ["a", "b"].map(async (channel) =>
      ask(connection, { type: "publish", channel, data: 1 }),
    );
    for (const each of await Promise.allSettled(publishes)) {
      expect(each).toMatchObject({
        status: "rejected",
        reason: { code: "CONNECTION_LOST", retryable: true },
      });
    }
    await expect(ask(connection, { type: "publish", channel: "a", data: 1 })).rejects.toMatchObject({
      code: "CONNECTION_LOST",
    });
  });
});

describe("what is asked over a WebSocket", () => {
  test("the credential and the wish for binary frames go first, then what is read", async () => {
    const received = Promise.withResolvers<string[]>();
    await using server = await openSockets((socket, messages) => {
      socket.send(welcome());
      socket.on("message", () => messages.length === 2 && received.resolve(messages));
    });
    await using _ = open(webSocket, testContext(server.url, { binary: true }, {}, "secret"), {
      a: { last: 2 },
    });
    const [hello = "", subscribe = ""] = await received.promise;
    expect(JSON.parse(hello)).toEqual({ type: "hello", token: "secret", binary: true });
    expect(JSON.parse(subscribe)).toMatchObject({ type: "subscribe", channel: "a", last: 2 });
  });

  test("payloads of bytes come as bytes where binary is wanted", async () => {
    await using server = await openServer();
    await server.tidings.publish("a", Uint8Array.of(0, 255), { event: "e" });
    await server.tidings.publish("a", { x: 1 });
    await using connection = open(webSocket, testContext(server.url, { binary: true }), {
      a: { since: "earliest" },
    });
    expect(await connection.next("message")).toMatchObject({
      event: "e",
      encoding: "binary",
      data: Uint8Array.of(0, 255),
    });
    expect(await connection.next("message")).toMatchObject({ data: { x: 1 } });
  });

  test("publishes and their refusals", async () => {
    await using server = await openServer();
    await using connection = open(webSocket, testContext(server.url));
    const first = await ask(connection, {
      type: "publish",
      channel: "a",
      data: { x: 1 },
      idempotencyKey: "k",
    });
    expect(first).toMatchObject({ cursor: expect.stringMatching(/\.1$/) as string, offset: 1 });
    expect(
      await ask(connection, { type: "publish", channel: "a", data: { x: 1 }, idempotencyKey: "k" }),
    ).toMatchObject({
      duplicate: true,
      offset: 1,
    });
    await expect(
      ask(connection, { type: "publish", channel: "a", data: 1, ifOffset: 7 }),
    ).rejects.toMatchObject({
      code: "CONFLICT",
      retryable: false,
      data: { head: expect.stringMatching(/\.1$/) as string },
    });
    await expect(ask(connection, { type: "publish", channel: "$x", data: 1 })).rejects.toMatchObject({
      code: "CHANNEL_RESERVED",
    });
  });

  test("commands, the parts of their answers, and their own faults", async () => {
    await using server = await openServer();
    server.tidings.command("count", {
      async handler(input, { progress }) {
        if (input === "bad") throw Object.assign(new Error("too bad"), { code: "TOO_BAD", data: { why: 1 } });
        await progress(1);
        await progress(2);
        return { of: input };
      },
    });
    await using connection = open(webSocket, testContext(server.url));
    const parts: unknown[] = [];
    const answer = await ask(
      connection,
      { type: "command", name: "count", data: 3 },
      { onProgress: (part: unknown) => parts.push(part) },
    );
    expect(answer).toMatchObject({ data: { of: 3 } });
    expect(parts).toEqual([1, 2]);
    await expect(ask(connection, { type: "command", name: "none" })).rejects.toMatchObject({
      code: "COMMAND_UNKNOWN",
    });
  });

  test("a command that is given up is cancelled at the server, and fails at once", async () => {
    await using server = await openServer();
    const begun = Promise.withResolvers<void>();
    const cancelled = Promise.withResolvers<void>();
    server.tidings.command("wait", {
      async handler(_, { signal }) {
        begun.resolve();
        await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
        cancelled.resolve();
      },
    });
    await using connection = open(webSocket, testContext(server.url));
    const stop = new AbortController();
    const asked = ask(connection, { type: "command", name: "wait" }, { signal: stop.signal });
    await begun.promise;
    stop.abort();
    await expect(asked).rejects.toMatchObject({ code: "ABORTED" });
    await cancelled.promise;
    expect(connection.isEnded).toBe(false);
  });

  test("members join and leave over it", async () => {
    await using server = await openServer();
    await using connection = open(webSocket, testContext(server.url));
    expect(
      await ask(connection, { type: "join", channel: "a", member: "ada", state: { x: 1 } }),
    ).toMatchObject({ member: "ada" });
    expect(server.tidings.presence("a").members).toMatchObject([{ member: "ada", state: { x: 1 } }]);
    await ask(connection, { type: "leave", channel: "a" });
    expect(server.tidings.presence("a").count).toBe(0);
    await ask(connection, { type: "join", channel: "a", member: "bob" });
    connection.connection.close();
    await server.holds(0);
    // It said that it goes: it is not waited for.
    expect(server.tidings.presence("a").count).toBe(0);
  });

  test("answers of requests and of readings do not mix, however many there are", async () => {
    await using server = await openServer();
    await using connection = open(webSocket, testContext(server.url));
    const publishes = Array.from({ length: 500 }, async (_, data) => {
      connection.change(`c${data % 100}`, { since: "earliest" });
      return ask(connection, { type: "publish", channel: `c${data % 100}`, data });
    });
    for (const answer of await Promise.all(publishes)) expect(answer).toHaveProperty("offset");
    const numbers = (): unknown[] =>
      connection.frames.flatMap((frame) => (frame.type === "message" ? [frame.data] : []));
    await connection.until(() => new Set(numbers()).size === 500);
  });
});

test("a WebSocket owes what was asked and has no answer yet, and for its own pings nothing", async () => {
  await using server = await openServer({ limits: { pingMs: 60 } });
  const gate = Promise.withResolvers<null>();
  server.tidings.command("slow", { handler: async () => gate.promise });
  const owed: unknown[] = [];
  class Watched extends WebSocket {
    override send(text: string): void {
      super.send(text);
      if (text.includes('"ping"')) owed.push(connection.connection.owed?.());
    }
  }
  await using connection = open(webSocket, testContext(server.url, { WebSocket: Watched }));
  await connection.until(() => connection.heartbeats >= 2);
  const answer = ask(connection, { type: "command", name: "slow" });
  const asked = owed.length;
  await connection.until(() => owed.length > asked);
  gate.resolve(null);
  await answer;
  const answered = owed.length;
  await connection.until(() => owed.length > answered);
  expect(new Set(owed.slice(0, asked))).toEqual(new Set([0]));
  expect(new Set(owed.slice(asked, answered))).toEqual(new Set([1]));
  expect(owed[answered]).toBe(0);
});

describe("the silence of a WebSocket", () => {
  test("is broken by pings of its own, whose answers are heartbeats, at least as often as the welcome says", async () => {
    await using server = await openServer({ limits: { pingMs: 60 } });
    await using connection = open(webSocket, testContext(server.url));
    const { heartbeatMs } = await connection.next("welcome");
    expect(heartbeatMs).toBe(60);
    const startedMs = Date.now();
    await connection.until(() => connection.heartbeats >= 5);
    expect((Date.now() - startedMs) / connection.heartbeats).toBeLessThan(heartbeatMs * 2);
  });

  test("is no longer than 15 seconds, whatever the server's own pings are", async () => {
    await using server = await openServer({ limits: { pingMs: 60_000 } });
    await using connection = open(webSocket, testContext(server.url));
    expect(await connection.next("welcome")).toMatchObject({ heartbeatMs: 15_000 });
  });
});
