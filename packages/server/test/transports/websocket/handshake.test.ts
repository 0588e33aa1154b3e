import { describe, expect, test } from "vitest";
import { openServer } from "../../support/logs.ts";
import { RawClient } from "../../support/raw-client.ts";
import { handshake, RFC_ACCEPT } from "../../support/raw-web-socket.ts";

/** Node can leave an upgrade aside from 22.21 and 24.9 on; one before refuses it. */
const [MAJOR = 0, MINOR = 0] = process.versions.node.split(".").map(Number);
const CAN_PASS_OVER = MAJOR > 24 || (MAJOR === 24 && MINOR >= 9) || (MAJOR === 22 && MINOR >= 21);

/** The answer to a handshake: its head, or all of it where it is a refusal. */
async function answer(port: number, request: string): Promise<string> {
  await using client = await RawClient.open(port);
  client.send(request);
  const head = await client.until("\r\n\r\n");
  return head.startsWith("HTTP/1.1 101") ? head : head + (await client.until("}"));
}

describe("the opening handshake (RFC 6455 §4)", () => {
  test("the key of the standard's example gets the answer of the standard's example (§1.3)", async () => {
    await using server = await openServer();
    const head = await answer(server.port, handshake("/channels/a"));
    expect(head).toMatch(/^HTTP\/1\.1 101 Switching Protocols\r\n/);
    expect(head).toContain("Upgrade: websocket\r\n");
    expect(head).toContain("Connection: Upgrade\r\n");
    expect(head).toContain(`Sec-WebSocket-Accept: ${RFC_ACCEPT}\r\n`);
    expect(head).not.toContain("Sec-WebSocket-Protocol");
    expect(head).not.toContain("Sec-WebSocket-Extensions");
  });

  test("tidings.v1 is chosen wherever it stands among what is offered; of others none is", async () => {
    await using server = await openServer();
    const chosen = async (offered: string): Promise<string | undefined> => {
      const head = await answer(server.port, handshake("/channels/a", { "Sec-WebSocket-Protocol": offered }));
      return /sec-websocket-protocol: (.*)\r\n/i.exec(head)?.[1];
    };
    expect(await chosen("tidings.v1")).toBe("tidings.v1");
    expect(await chosen("mqtt, tidings.v1")).toBe("tidings.v1");
    expect(await chosen("tidings.v9, mqtt")).toBeUndefined();
  });

  test("compression that is offered is not taken, where it is not on for WebSockets", async () => {
    await using server = await openServer();
    const head = await answer(
      server.port,
      handshake("/channels/a", { "Sec-WebSocket-Extensions": "permessage-deflate" }),
    );
    expect(head).not.toMatch(/extensions/i);
  });

  test("another version is refused, with the one that is spoken (§4.4)", async () => {
    await using server = await openServer();
    const refused = await answer(server.port, handshake("/channels/a", { "Sec-WebSocket-Version": "25" }));
    expect(refused).toMatch(/^HTTP\/1\.1 400 /);
    expect(refused).toContain("Sec-WebSocket-Version: 13\r\n");
    expect(refused).toContain("UPGRADE_INVALID");
  });

  test.each([
    ["no key", { "Sec-WebSocket-Key": "" }],
    ["a key that is not 16 bytes of base64", { "Sec-WebSocket-Key": "short" }],
    ["a subprotocol list that is none", { "Sec-WebSocket-Protocol": ",," }],
  ])("a handshake with %s is refused with a problem", async (_, headers) => {
    await using server = await openServer();
    const refused = await answer(server.port, handshake("/channels/a", headers));
    expect(refused).toMatch(/^HTTP\/1\.1 400 /);
    expect(refused).toContain("Content-Type: application/problem+json");
    expect(refused).toContain("UPGRADE_INVALID");
  });

  test.each([
    ["/channels/a?since=x", 400, "CURSOR_INVALID"],
    ["/channels/a%20b", 400, "CHANNEL_NAME_INVALID"],
    ["/channels/%ff", 400, "CHANNEL_NAME_INVALID"],
    ["/channels/a?sinse=latest", 400, "QUERY_INVALID"],
    ["/connect?channel=a&channel=a", 400, "QUERY_INVALID"],
    ["/elsewhere", 404, "NOT_FOUND"],
  ])("%s is refused before the handshake, with %i %s", async (path, status, code) => {
    await using server = await openServer();
    const refused = await answer(server.port, handshake(path));
    expect(refused).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(refused).toContain(code);
  });

  test.skipIf(!CAN_PASS_OVER)(
    "an upgrade to something else is passed over, and the request answered (RFC 9110 §7.8)",
    async () => {
      await using server = await openServer();
      const plain = await answer(
        server.port,
        handshake("/channels/a", { Upgrade: "h2c", Connection: "Upgrade, HTTP2-Settings" }),
      );
      expect(plain).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
      expect(plain).toContain('"messages":[]');
    },
  );
});
