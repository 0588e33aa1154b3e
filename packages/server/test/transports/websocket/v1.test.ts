import { publish, publishNumbers } from "@tidings/testing";
import { describe, expect, test } from "vitest";
import { untilHeld } from "../../support/held.ts";
import { openServer, type TestServer } from "../../support/logs.ts";
import { OPCODE, RawWebSocket } from "../../support/raw-web-socket.ts";

async function open(server: TestServer, path = "/connect"): Promise<RawWebSocket> {
  const socket = await RawWebSocket.open(server.port, path, "tidings.v1");
  await socket.jsonOf("welcome");
  return socket;
}

describe("tidings.v1", () => {
  test("begins with a welcome: the connection, when it is pinged, and how much it takes", async () => {
    await using server = await openServer({ limits: { pingMs: 12_345, maxFrameBytes: 5_000 } });
    await using socket = await RawWebSocket.open(server.port, "/connect", "tidings.v1");
    expect(await socket.json()).toMatchObject({
      type: "welcome",
      connection: expect.stringMatching(/^[\w-]{16}$/) as string,
      heartbeatMs: 12_345,
      limits: { maxChannelsPerConnection: 1_000, maxMessageBytes: 1_048_576, maxFrameBytes: 5_000 },
    });
  });

  test("subscribe, unsubscribe and subscribe again, each answered by its id", async () => {
    await using server = await openServer();
    const { cursor } = await publishNumbers(server.url, "a", 1, 2);
    const [epoch] = cursor.split(".");
    await using socket = await open(server);
    socket.sendJson({ type: "subscribe", id: "s1", channel: "a", since: `${epoch}.1` });
    expect(await socket.json()).toEqual({ type: "ok", id: "s1", channel: "a", cursor: `${epoch}.1` });
    expect(await socket.json()).toMatchObject({ type: "message", data: 2 });
    expect(await socket.json()).toMatchObject({ type: "caught-up" });
    socket.sendJson({ type: "unsubscribe", id: "u1", channel: "a" });
    expect(await socket.json()).toEqual({ type: "ok", id: "u1", channel: "a", cursor });
    await publish(server.url, "a", "3");
    socket.sendJson({ type: "subscribe", id: "s2", channel: "a", last: 1 });
    expect(await socket.json()).toMatchObject({ type: "ok", id: "s2", cursor: `${epoch}.2` });
    expect(await socket.json()).toMatchObject({ type: "message", data: 3 });
  });

  test("publish answers the cursor; a repeat, the first one; a conflict, the head; an ephemeral one, nothing", async () => {
    await using server = await openServer();
    await using socket = await open(server);
    const base = { type: "publish", channel: "a", data: 1 };
    socket.sendJson({ ...base, id: "1", idempotencyKey: "k" });
    const first = await socket.json();
    expect(first).toMatchObject({
      type: "ok",
      id: "1",
      channel: "a",
      offset: 1,
      cursor: expect.stringMatching(/\.1$/) as string,
    });
    socket.sendJson({ ...base, id: "2", idempotencyKey: "k" });
    expect(await socket.json()).toEqual({ ...first, id: "2", duplicate: true });
    socket.sendJson({ ...base, id: "3", ifOffset: 0 });
    expect(await socket.json()).toMatchObject({ type: "error", id: "3", code: "CONFLICT", retryable: false });
    socket.sendJson({ ...base, id: "4", ephemeral: true });
    expect(await socket.json()).toEqual({ type: "ok", id: "4", channel: "a" });
  });

  test("10,000 publishes in one go are answered in their order, and read back in it", async () => {
    await using server = await openServer();
    await using socket = await open(server);
    for (let id = 1; id <= 10_000; id++)
      socket.sendJson({ type: "publish", id: String(id), channel: "a", data: id });
    for (let id = 1; id <= 10_000; id++) {
      const answer = await socket.json();
      if (answer["id"] !== String(id) || answer["offset"] !== id)
        expect(answer).toMatchObject({ type: "ok", id: String(id), offset: id });
    }
    socket.sendJson({ type: "subscribe", id: "s", channel: "a", since: "earliest" });
    expect(await socket.json()).toMatchObject({ type: "ok", id: "s" });
    for (let data = 1; data <= 10_000; data++) {
      const message = await socket.json();
      if (message["data"] !== data) expect(message).toMatchObject({ type: "message", data });
    }
  });

  test("more frames at once than may be in flight wait, and none is lost", async () => {
    await using server = await openServer({ log: "lmdb", limits: { maxFramesInFlight: 2 } });
    await using socket = await open(server);
    for (let id = 1; id <= 200; id++)
      socket.sendJson({ type: "publish", id: String(id), channel: "a", data: id });
    for (let id = 1; id <= 200; id++)
      expect(await socket.json()).toMatchObject({ type: "ok", id: String(id), offset: id });
  });

  test("with hello binary, bytes come as binary frames: header length, JSON header, bytes", async () => {
    await using server = await openServer();
    await using socket = await open(server);
    socket.sendJson({ type: "hello", binary: true });
    socket.sendJson({ type: "subscribe", id: "1", channel: "a" });
    await socket.jsonOf("caught-up");
    const { cursor } = await publish(server.url, "a", Uint8Array.of(0, 255, 10), {
      contentType: "application/octet-stream",
      key: "k",
    });
    const { opcode, payload } = await socket.frame();
    expect(opcode).toBe(OPCODE.binary);
    const headBytes = payload.readUInt32BE();
    const head = JSON.parse(payload.subarray(4, 4 + headBytes).toString()) as object;
    expect(head).toMatchObject({ type: "message", channel: "a", cursor, key: "k", encoding: "binary" });
    expect([...payload.subarray(4 + headBytes)]).toEqual([0, 255, 10]);
    await publish(server.url, "a", "1");
    expect(await socket.json(), "JSON stays text").toMatchObject({ data: 1 });
  });

  test("hello binary comes before the first subscribe, or is refused", async () => {
    await using server = await openServer();
    await using socket = await open(server, "/channels/a");
    await socket.jsonOf("caught-up");
    socket.sendJson({ type: "hello", binary: true });
    expect(await socket.json()).toMatchObject({ type: "error", code: "FRAME_INVALID" });
    socket.sendJson({ type: "ping" });
    expect(await socket.json()).toEqual({ type: "pong" });
  });

  test.each([
    ["an unknown type", { type: "subscrbe", id: "x", channel: "a" }, "FRAME_INVALID"],
    [
      "a member that is not known",
      { type: "subscribe", id: "x", channel: "a", sinse: "latest" },
      "FRAME_INVALID",
    ],
    ["a member that is missing", { type: "publish", id: "x", channel: "a" }, "FRAME_INVALID"],
    ["a member of the wrong type", { type: "subscribe", id: "x", channel: 7 }, "FRAME_INVALID"],
    ["a channel's name that is none", { type: "subscribe", id: "x", channel: "a b" }, "CHANNEL_NAME_INVALID"],
    ["a cursor from nowhere", { type: "subscribe", id: "x", channel: "a", since: "💥" }, "CURSOR_INVALID"],
    [
      "an event of the system's",
      { type: "publish", id: "x", channel: "a", data: 1, event: "tidings.gap" },
      "EVENT_NAME_INVALID",
    ],
    ["a channel of the system's", { type: "publish", id: "x", channel: "$a", data: 1 }, "CHANNEL_RESERVED"],
    [
      "bytes that are not base64",
      { type: "publish", id: "x", channel: "a", data: "?", encoding: "base64" },
      "FRAME_INVALID",
    ],
    ["a channel that is not read", { type: "unsubscribe", id: "x", channel: "nope" }, "NOT_SUBSCRIBED"],
    ["a command that is not there", { type: "command", id: "x", name: "launch" }, "COMMAND_UNKNOWN"],
  ])("%s is answered by its id, and the connection goes on", async (_, frame, code) => {
    await using server = await openServer();
    await using socket = await open(server);
    socket.sendJson(frame);
    expect(await socket.json()).toMatchObject({ type: "error", id: "x", code });
    socket.sendJson({ type: "ping", id: "p" });
    expect(await socket.json()).toEqual({ type: "pong", id: "p" });
  });

  test("a channel that is subscribed to twice is refused the second time", async () => {
    await using server = await openServer();
    await using socket = await open(server, "/channels/a");
    await socket.jsonOf("caught-up");
    socket.sendJson({ type: "subscribe", id: "x", channel: "a" });
    expect(await socket.json()).toMatchObject({ type: "error", id: "x", code: "ALREADY_SUBSCRIBED" });
  });

  test.each([
    ["text that is not JSON", OPCODE.text, "{", "not JSON"],
    ["JSON that is not an object", OPCODE.text, "[]", "an array"],
    ["a frame without an id that is wrong", OPCODE.text, `{"type":"nope"}`, "nope"],
    ["a binary frame", OPCODE.binary, "{}", "binary"],
  ])("%s gets an error that says what is wrong, and a close with 4400", async (_, opcode, payload, told) => {
    await using server = await openServer();
    await using socket = await open(server);
    socket.send(opcode, payload);
    expect(await socket.json()).toMatchObject({
      type: "error",
      code: "FRAME_INVALID",
      message: expect.stringContaining(told) as string,
    });
    expect((await socket.closeFrame()).code).toBe(4400);
    await untilHeld(server.url, 0);
  });

  test("a long name in a frame is cut short in the answer", async () => {
    await using server = await openServer();
    await using socket = await open(server);
    socket.sendJson({ type: "unsubscribe", id: "x", channel: "n".repeat(1_000_000) });
    const { message } = await socket.json();
    expect(String(message).length).toBeLessThan(300);
  });
});
