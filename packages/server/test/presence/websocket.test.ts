import { send } from "@tidings/testing";
import { expect, test } from "vitest";
import { untilHeld } from "../support/held.ts";
import { openServer, type TestServer } from "../support/logs.ts";
import { OPCODE, RawWebSocket } from "../support/raw-web-socket.ts";

async function open(server: TestServer): Promise<RawWebSocket> {
  const socket = await RawWebSocket.open(server.port, "/connect", "tidings.v1");
  await socket.jsonOf("welcome");
  return socket;
}

test("join, update and leave are answered with the member, and listed", async () => {
  await using server = await openServer({ limits: { presenceFlushMs: 1 } });
  await using listener = await open(server);
  listener.sendJson({ type: "subscribe", id: "s", channel: "room", presence: true });
  expect(await listener.jsonOf("presence")).toEqual({
    type: "presence",
    channel: "room",
    count: 0,
    members: [],
  });
  await using socket = await open(server);
  socket.sendJson({ type: "join", id: "1", channel: "room", member: "ada", state: { at: 1 } });
  expect(await socket.json()).toEqual({ type: "ok", id: "1", channel: "room", member: "ada" });
  expect(await listener.jsonOf("presence")).toMatchObject({
    count: 1,
    joined: [{ member: "ada", state: { at: 1 } }],
  });
  socket.sendJson({ type: "update", id: "2", channel: "room", state: null });
  expect(await socket.json()).toEqual({ type: "ok", id: "2", channel: "room", member: "ada" });
  expect(await listener.jsonOf("presence")).toMatchObject({ updated: [{ member: "ada", state: null }] });
  expect(server.tidings.presence("room")).toMatchObject({
    count: 1,
    members: [{ member: "ada", state: null }],
  });
  socket.sendJson({ type: "leave", id: "3", channel: "room" });
  expect(await socket.json()).toEqual({ type: "ok", id: "3", channel: "room", member: "ada" });
  expect(await listener.jsonOf("presence")).toMatchObject({ count: 0, left: ["ada"] });
  listener.sendJson({ type: "unsubscribe", id: "u", channel: "room" });
  await listener.jsonOf("ok");
  expect((await send(`${server.url}/metrics`)).text).toMatch(/^tidings_presence_listeners 0$/m);
});

test("what cannot be done is told by the frame's id, and the connection goes on", async () => {
  await using server = await openServer({ policies: [{ pattern: "closed", presence: false }] });
  await using socket = await open(server);
  const refusals: readonly (readonly [object, string])[] = [
    [{ type: "join", channel: "closed" }, "PRESENCE_FORBIDDEN"],
    [{ type: "subscribe", channel: "closed", presence: true }, "PRESENCE_FORBIDDEN"],
    [{ type: "join", channel: "$tidings/canary" }, "CHANNEL_RESERVED"],
    [{ type: "join", channel: "room", state: "x".repeat(1_023) }, "PRESENCE_INVALID"],
    [{ type: "update", channel: "room", state: 1 }, "MEMBER_UNKNOWN"],
    [{ type: "leave", channel: "room" }, "MEMBER_UNKNOWN"],
  ];
  for (const [at, [frame, code]] of refusals.entries()) {
    socket.sendJson({ ...frame, id: String(at) });
    expect(await socket.json()).toMatchObject({ type: "error", id: String(at), code });
  }
  socket.sendJson({ type: "join", id: "j", channel: "room" });
  const { member } = (await socket.json()) as { member: string };
  expect(member).toMatch(/^[\w-]{16}$/);
});

test("a socket that is closed with 1000 leaves at once; one that is cut may come back, and nobody is told", async () => {
  await using server = await openServer({ limits: { presenceFlushMs: 1, presenceGraceMs: 60_000 } });
  await using listener = await open(server);
  listener.sendJson({ type: "subscribe", id: "s", channel: "room", presence: true });
  await listener.jsonOf("presence");
  const join = async (member: string): Promise<RawWebSocket> => {
    const socket = await open(server);
    socket.sendJson({ type: "join", id: "j", channel: "room", member });
    await socket.jsonOf("ok");
    return socket;
  };
  const [ada, bob] = [await join("ada"), await join("bob")];
  while (((await listener.jsonOf("presence")) as { count: number }).count < 2);
  ada.client.socket.destroy();
  await untilHeld(server.url, 2);
  await using again = await join("ada");
  bob.send(OPCODE.close, Buffer.from([0x03, 0xe8]));
  // The first that is told after all this is bob's leaving.
  expect(await listener.jsonOf("presence")).toMatchObject({ count: 1, left: ["bob"] });
  again.sendJson({ type: "ping" });
  await again.jsonOf("pong");
});
