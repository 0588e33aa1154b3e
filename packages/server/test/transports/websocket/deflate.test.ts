import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import { publish } from "@tidings/testing";
import { describe, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { forgetInflate } from "../../../src/transports/websocket/deflate.ts";
import { openServer } from "../../support/logs.ts";
import { RawClient } from "../../support/raw-client.ts";
import { frame, handshake, OPCODE } from "../../support/raw-web-socket.ts";

const RSV1 = 0x40;
const OFFER = { "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits" };
const LINES = "log line of a worker ".repeat(100);

async function shake(
  port: number,
  headers: Readonly<Record<string, string>>,
): Promise<{ readonly client: RawClient; readonly head: string }> {
  const client = await RawClient.open(port);
  client.send(handshake("/channels/a", headers));
  return { client, head: await client.until("\r\n\r\n") };
}

/** The server's next frame: its first byte, and what its payload says. */
async function next(
  client: RawClient,
): Promise<{ readonly first: number; readonly bytes: number; readonly text: string }> {
  const [first = 0, short = 0] = await client.take(2);
  const length = short === 126 ? (await client.take(2)).readUInt16BE() : short;
  const payload = await client.take(length);
  const isCompressed = (first & RSV1) !== 0;
  const inflated = isCompressed
    ? inflateRawSync(Buffer.concat([payload, Buffer.from([0, 0, 0xff, 0xff])]), {
        finishFlush: constants.Z_SYNC_FLUSH,
      })
    : payload;
  return { first, bytes: length, text: inflated.toString() };
}

/** Up to the frame that says so. */
async function nextWith(client: RawClient, text: string): Promise<Awaited<ReturnType<typeof next>>> {
  for (;;) {
    const found = await next(client);
    if (found.text.includes(text)) return found;
  }
}

/** A client that compresses all that it sends. */
async function opened(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url.replace("http:", "ws:"), ["tidings.v1"], {
    perMessageDeflate: { threshold: 0 },
  });
  await once(socket, "open");
  expect(socket.extensions).toBe("permessage-deflate");
  return socket;
}

/** Publishes from a WebSocket, and waits for the answer. */
async function ask(socket: WebSocket, data: string): Promise<void> {
  const answered = new Promise<string>((resolve) => {
    socket.on("message", (text: Buffer) => {
      if (text.includes('"id":"1"')) resolve(text.toString());
    });
  });
  socket.send(JSON.stringify({ type: "publish", id: "1", channel: "a", data }));
  expect(await answered).toContain('"type":"ok"');
  socket.terminate();
}

/** What `ws` holds for a connection that has sent a compressed frame. */
function inflaterOf(ws: WebSocket): unknown {
  const { _extensions: extensions } = ws as unknown as {
    readonly _extensions: Record<string, { _inflate: unknown }>;
  };
  return extensions["permessage-deflate"]?._inflate;
}

describe("permessage-deflate (RFC 7692)", () => {
  test("is taken with no context on either side, so that frames are shared and nothing is kept between them", async () => {
    await using server = await openServer({ compression: "all" });
    const { client, head } = await shake(server.port, OFFER);
    await using _ = client;
    const [, answer = ""] = /sec-websocket-extensions: (.*)\r\n/i.exec(head) ?? [];
    expect(answer.split("; ").toSorted()).toEqual([
      "client_no_context_takeover",
      "permessage-deflate",
      "server_no_context_takeover",
    ]);
  });

  test.each([
    ["none", {}],
    [
      "one that bounds the server's window",
      { "Sec-WebSocket-Extensions": "permessage-deflate; server_max_window_bits=9" },
    ],
    ["another one", { "Sec-WebSocket-Extensions": "x-webkit-deflate-frame" }],
  ])("is not used with an offer of %s, and frames stay as they are", async (_, headers) => {
    await using server = await openServer({ compression: "all" });
    const { client, head } = await shake(server.port, headers);
    await using __ = client;
    expect(head).not.toMatch(/sec-websocket-extensions/i);
    await nextWith(client, "caught-up");
    await publish(server.url, "a", JSON.stringify(LINES));
    expect((await nextWith(client, "log line")).first).toBe(0x81);
  });

  test("compresses messages of 512 bytes and more, and nothing else", async () => {
    await using server = await openServer({ compression: "all" });
    const { client } = await shake(server.port, OFFER);
    await using _ = client;
    expect((await nextWith(client, "caught-up")).first).toBe(0x81);
    await publish(server.url, "a", JSON.stringify(LINES));
    const large = await nextWith(client, "log line");
    expect(large).toMatchObject({
      first: 0xc1,
      text: expect.stringContaining(`"data":"${LINES}"`) as string,
    });
    expect(large.bytes).toBeLessThan(LINES.length / 5);
    await publish(server.url, "a", `"small"`);
    expect((await nextWith(client, "small")).first).toBe(0x81);
  });

  test("a client's compressed frames are inflated, and what inflates them is kept for none of them", async () => {
    await using server = await openServer({ compression: "all" });
    await ask(await opened(`${server.url}/connect`), "x".repeat(2_000));

    const sockets = new WebSocketServer({ port: 0, perMessageDeflate: { clientNoContextTakeover: true } });
    const taken = once(sockets, "connection");
    const client = await opened(`ws://127.0.0.1:${(sockets.address() as AddressInfo).port}`);
    const [ws] = (await taken) as [WebSocket];
    ws.on("message", () => forgetInflate(ws));
    for (const text of ["first ", "second "]) {
      const message = once(ws, "message");
      client.send(text.repeat(1_000));
      expect(String(((await message) as [Buffer])[0])).toBe(text.repeat(1_000));
      expect(inflaterOf(ws)).toBeNull();
    }
    client.terminate();
    sockets.close();
  });

  test("a frame that is small and grows beyond the bound ends its connection with 1009, and no other's", async () => {
    await using server = await openServer({ compression: "all", limits: { maxFrameBytes: 100_000 } });
    const client = await RawClient.open(server.port);
    await using _ = client;
    client.send(handshake("/connect", { ...OFFER, "Sec-WebSocket-Protocol": "tidings.v1" }));
    await client.until("\r\n\r\n");
    const bomb = deflateRawSync(Buffer.alloc(50_000_000, 0x20), { finishFlush: constants.Z_SYNC_FLUSH });
    client.send(frame(OPCODE.text, bomb.subarray(0, -4), { reserved: RSV1 }));
    for (;;) {
      const [first = 0, short = 0] = await client.take(2);
      const payload = await client.take(short === 126 ? (await client.take(2)).readUInt16BE() : short);
      if ((first & 0x0f) !== OPCODE.close) continue;
      expect(payload.readUInt16BE()).toBe(1009);
      break;
    }
    await ask(await opened(`${server.url}/connect`), "still there");
  });
});
