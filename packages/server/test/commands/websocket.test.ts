import { describe, expect, test } from "vitest";
import { LOGS, openServer } from "../support/logs.ts";
import { frame, handshake, OPCODE, RawWebSocket } from "../support/raw-web-socket.ts";
import { RawClient } from "../support/raw-client.ts";
import { until } from "./support.ts";

const V1 = "tidings.v1";

async function open(port: number): Promise<RawWebSocket> {
  const socket = await RawWebSocket.open(port, "/connect", V1);
  await socket.jsonOf("welcome");
  return socket;
}

function say(socket: RawWebSocket, message: object): void {
  socket.send(OPCODE.text, JSON.stringify(message));
}

describe.each(LOGS.map(({ name }) => name as "memory" | "lmdb"))("commands on the %s log", (log) => {
  test("answers come by their ids as they end, parts ahead of them, beside a channel's messages", async () => {
    await using server = await openServer({ log });
    const first = Promise.withResolvers<string>();
    server.tidings.command("slow", { handler: () => first.promise });
    server.tidings.command("fast", {
      handler: async (input, { progress }) => {
        await progress("half");
        return input;
      },
    });
    await using socket = await open(server.port);
    say(socket, { type: "command", id: "1", name: "slow" });
    say(socket, { type: "command", id: "2", name: "fast", data: { a: [1] } });
    expect(await socket.json()).toEqual({ type: "progress", id: "2", data: "half" });
    expect(await socket.json()).toEqual({ type: "ok", id: "2", data: { a: [1] } });
    say(socket, { type: "subscribe", id: "3", channel: "a" });
    expect(await socket.json()).toMatchObject({ type: "ok", id: "3" });
    first.resolve("at last");
    expect(await socket.jsonOf("ok")).toEqual({ type: "ok", id: "1", data: "at last" });
  });
});

test("a command that is cancelled is answered so, and its handler aborted; a late cancel is passed over", async () => {
  await using server = await openServer();
  let reason: unknown;
  server.tidings.command("wait", {
    handler: (_input, { signal }) =>
      new Promise<void>((resolve) =>
        signal.addEventListener("abort", () => resolve((reason = signal.reason))),
      ),
  });
  await using socket = await open(server.port);
  say(socket, { type: "cancel", id: "nothing" });
  say(socket, { type: "command", id: "1", name: "wait" });
  say(socket, { type: "cancel", id: "1" });
  expect(await socket.json()).toMatchObject({
    type: "error",
    id: "1",
    code: "COMMAND_CANCELLED",
    retryable: false,
  });
  expect(reason).toMatchObject({ code: "COMMAND_CANCELLED" });
  say(socket, { type: "cancel", id: "1" });
  say(socket, { type: "command", id: "2", name: "wait", timeoutMs: 10 });
  expect(await socket.json()).toMatchObject({
    type: "error",
    id: "2",
    code: "COMMAND_TIMEOUT",
    retryable: true,
  });
});

test("a second command under an id that has no answer yet is refused, and the first goes on", async () => {
  await using server = await openServer();
  const answer = Promise.withResolvers<number>();
  server.tidings.command("wait", { handler: () => answer.promise });
  await using socket = await open(server.port);
  say(socket, { type: "command", id: "1", name: "wait" });
  say(socket, { type: "command", id: "1", name: "wait" });
  expect(await socket.json()).toMatchObject({ type: "error", id: "1", code: "FRAME_INVALID" });
  answer.resolve(1);
  expect(await socket.json()).toEqual({ type: "ok", id: "1", data: 1 });
});

test("a connection that closes aborts its commands", async () => {
  await using server = await openServer();
  const aborted: boolean[] = [];
  server.tidings.command("wait", {
    handler: (_input, { signal }) =>
      new Promise<void>((resolve) =>
        signal.addEventListener("abort", () => resolve(void aborted.push(true))),
      ),
  });
  const socket = await open(server.port);
  for (const id of ["1", "2", "3"]) say(socket, { type: "command", id, name: "wait" });
  say(socket, { type: "ping", id: "begun" });
  await socket.jsonOf("pong");
  await socket[Symbol.asyncDispose]();
  await until(() => aborted.length === 3);
});

test("of a burst of 10,000 commands each has its own answer: as many as may are worked on, the others are told so", async () => {
  await using server = await openServer({ limits: { maxCommandsInFlight: 64 } });
  const gate = Promise.withResolvers<string>();
  server.tidings.command("wait", { handler: () => gate.promise });
  await using client = await RawClient.open(server.port);
  client.send(handshake("/connect", { "Sec-WebSocket-Protocol": V1 }));
  await client.until('"welcome"');
  const ids = Array.from({ length: 10_000 }, (_, index) => String(index));
  client.send(
    Buffer.concat(ids.map((id) => frame(OPCODE.text, JSON.stringify({ type: "command", id, name: "wait" })))),
  );
  await client.until('"id":"9999"');
  gate.resolve("open");
  let text = "";
  for (let answered = 0; answered < 64; answered++) text += await client.until('"data":"open"}');
  expect(text.match(/"type":"ok"/g)).toHaveLength(64);
});

test("a socket without the subprotocol is told which one sends, and where else", async () => {
  await using server = await openServer();
  await using socket = await RawWebSocket.open(server.port, "/connect");
  await socket.jsonOf("welcome");
  say(socket, { type: "command", id: "1", name: "x" });
  const { opcode, payload } = await socket.frame();
  expect([opcode, payload.readUInt16BE(0)]).toEqual([OPCODE.close, 4400]);
  expect(payload.subarray(2).toString()).toContain("tidings.v1");
  expect(payload.subarray(2).toString()).toContain("POST /commands/");
});

test("input above the limit is refused by its id, and the connection goes on", async () => {
  await using server = await openServer({ limits: { maxCommandBytes: 100 } });
  server.tidings.command("echo", { handler: (input) => input });
  await using socket = await open(server.port);
  say(socket, { type: "command", id: "1", name: "echo", data: "x".repeat(99) });
  expect(await socket.json()).toMatchObject({ type: "error", id: "1", code: "MESSAGE_TOO_LARGE" });
  say(socket, { type: "command", id: "2", name: "echo", data: "x".repeat(98) });
  expect(await socket.json()).toMatchObject({ type: "ok", id: "2" });
});
