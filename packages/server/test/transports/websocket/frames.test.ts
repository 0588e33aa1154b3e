import { publish, publishNumbers } from "@tidings/testing";
import { describe, expect, test } from "vitest";
import { untilHeld } from "../../support/held.ts";
import { openServer } from "../../support/logs.ts";
import { RawClient } from "../../support/raw-client.ts";
import { frame, handshake, OPCODE, RawWebSocket } from "../../support/raw-web-socket.ts";

const V1 = "tidings.v1";
const PUBLISH = { type: "publish", id: "1", channel: "a", data: { text: "é 😀" } };

describe("frames of a client (RFC 6455 §5)", () => {
  test("a message in fragments, with control frames between them, is one message (§5.4)", async () => {
    await using server = await openServer();
    await using socket = await RawWebSocket.open(server.port, "/connect", V1);
    await socket.jsonOf("welcome");
    const bytes = Buffer.from(JSON.stringify(PUBLISH));
    const parts = [
      bytes.subarray(0, 10),
      bytes.subarray(10, bytes.length - 7),
      bytes.subarray(bytes.length - 7),
    ];
    socket.send(OPCODE.text, parts[0] ?? "", { isFinal: false });
    socket.send(OPCODE.ping, "in between");
    socket.send(OPCODE.continuation, parts[1] ?? "", { isFinal: false });
    socket.send(OPCODE.pong, "unasked");
    socket.send(OPCODE.continuation, parts[2] ?? "");
    expect(await socket.frame()).toMatchObject({ opcode: OPCODE.pong, payload: Buffer.from("in between") });
    expect(await socket.json()).toMatchObject({ type: "ok", id: "1", offset: 1 });
  });

  test("frames that come with the handshake in one packet are read", async () => {
    await using server = await openServer();
    await using client = await RawClient.open(server.port);
    const request = handshake("/connect", { "Sec-WebSocket-Protocol": V1 });
    client.send(Buffer.concat([Buffer.from(request), frame(OPCODE.text, JSON.stringify(PUBLISH))]));
    expect(await client.until(`"offset":1}`)).toContain(`"type":"ok","id":"1"`);
  });

  test("a ping is answered with its own payload (§5.5.2)", async () => {
    await using server = await openServer();
    await using socket = await RawWebSocket.open(server.port, "/connect", V1);
    await socket.jsonOf("welcome");
    for (const payload of ["", "Hello", "x".repeat(125)]) {
      socket.send(OPCODE.ping, payload);
      expect(await socket.frame()).toMatchObject({ opcode: OPCODE.pong, payload: Buffer.from(payload) });
    }
  });

  test.each([
    ["a frame without a mask (§5.1)", 1002, OPCODE.text, "{}", { isMasked: false }],
    ["a reserved bit that nothing was agreed for (§5.2)", 1002, OPCODE.text, "{}", { reserved: 0x40 }],
    ["an opcode that is reserved (§5.2)", 1002, 0x3, "", {}],
    ["a ping in fragments (§5.5)", 1002, OPCODE.ping, "", { isFinal: false }],
    ["a ping of more than 125 bytes (§5.5)", 1002, OPCODE.ping, "x".repeat(126), {}],
    ["a continuation of nothing (§5.4)", 1002, OPCODE.continuation, "", {}],
    ["a close frame with one byte (§5.5.1)", 1002, OPCODE.close, "x", {}],
    ["a close code that must not be sent (§7.4.1)", 1002, OPCODE.close, Buffer.from([0x03, 0xed]), {}],
    ["text that is not UTF-8 (§8.1)", 1007, OPCODE.text, Buffer.from([0x22, 0xc3, 0x28, 0x22]), {}],
  ])("%s closes with %i", async (_, code, opcode, payload, options) => {
    await using server = await openServer();
    await using socket = await RawWebSocket.open(server.port, "/connect", V1);
    socket.send(opcode, payload, options);
    expect((await socket.closeFrame()).code).toBe(code);
    await untilHeld(server.url, 0);
  });

  test("a frame larger than the limit closes with 1009; one of just the limit does not", async () => {
    await using server = await openServer({ limits: { maxFrameBytes: 1_000 } });
    await using socket = await RawWebSocket.open(server.port, "/connect", V1);
    await socket.jsonOf("welcome");
    const empty = JSON.stringify({ type: "publish", id: "1", channel: "a", data: "" });
    socket.send(OPCODE.text, empty.replace('""', `"${"x".repeat(1_000 - empty.length)}"`));
    expect(await socket.json()).toMatchObject({ type: "ok", id: "1" });
    socket.send(OPCODE.text, empty.replace('""', `"${"x".repeat(1_001 - empty.length)}"`));
    expect((await socket.closeFrame()).code).toBe(1009);
  });

  test("fragments whose sum is larger than the limit close with 1009 too", async () => {
    await using server = await openServer({ limits: { maxFrameBytes: 1_000 } });
    await using socket = await RawWebSocket.open(server.port, "/connect", V1);
    socket.send(OPCODE.text, "x".repeat(600), { isFinal: false });
    socket.send(OPCODE.continuation, "x".repeat(600), { isFinal: false });
    expect((await socket.closeFrame()).code).toBe(1009);
  });

  test("a close is answered with the same code, and ends the connection (§7.1)", async () => {
    await using server = await openServer();
    await using socket = await RawWebSocket.open(server.port, "/channels/a");
    await socket.jsonOf("caught-up");
    socket.send(OPCODE.close, Buffer.concat([Buffer.from([0x03, 0xe8]), Buffer.from("done")]));
    expect((await socket.closeFrame()).code).toBe(1000);
    await socket.client.closed();
    await untilHeld(server.url, 0);
  });
});

describe("a WebSocket without a subprotocol", () => {
  test("receives the objects that NDJSON has, a text frame each, and nothing before them", async () => {
    await using server = await openServer();
    const { cursor } = await publishNumbers(server.url, "a", 1, 1);
    await using socket = await RawWebSocket.open(server.port, "/channels/a?since=earliest");
    expect(await socket.json()).toMatchObject({ type: "ok", channel: "a" });
    expect(await socket.json()).toMatchObject({ type: "message", channel: "a", cursor, data: 1 });
    expect(await socket.json()).toEqual({ type: "caught-up", channel: "a", cursor });
  });

  test("on /connect is told its id, for PATCH", async () => {
    await using server = await openServer();
    await using socket = await RawWebSocket.open(server.port, "/connect?channel=a");
    expect(await socket.json()).toMatchObject({ type: "welcome", connection: expect.any(String) as string });
  });

  test.each([
    ["text", OPCODE.text, "hello"],
    ["bytes", OPCODE.binary, "hello"],
  ])("that sends %s is closed with 4400, and told how to send", async (_, opcode, payload) => {
    await using server = await openServer();
    await using socket = await RawWebSocket.open(server.port, "/channels/a");
    socket.send(opcode, payload);
    const { code, reason } = await socket.closeFrame();
    expect([code, reason]).toEqual([4400, expect.stringContaining("tidings.v1")]);
    await untilHeld(server.url, 0);
  });

  test("that would rather end than pass over a gap is told, and closed with 4409", async () => {
    await using server = await openServer({ policies: [{ pattern: "a", retention: { maxMessages: 1 } }] });
    const { cursor } = await publish(server.url, "a", "1");
    for (const body of ["2", "3"]) await publish(server.url, "a", body);
    await using socket = await RawWebSocket.open(server.port, `/channels/a?gap=fail&since=${cursor}`);
    expect(await socket.json()).toMatchObject({ type: "error", code: "CURSOR_GONE", channel: "a" });
    expect((await socket.closeFrame()).code).toBe(4409);
  });
});
