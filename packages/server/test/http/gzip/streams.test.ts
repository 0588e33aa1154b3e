import { execFile } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import { constants, gunzipSync } from "node:zlib";
import { publish } from "@tidings/testing";
import { describe, expect, test } from "vitest";
import { createTidings } from "../../../src/tidings.ts";
import { untilHeld } from "../../support/held.ts";
import { openServer } from "../../support/logs.ts";
import { getRequest, RawClient } from "../../support/raw-client.ts";

const SSE = { Accept: "text/event-stream" };
const GZIP = { ...SSE, "Accept-Encoding": "gzip" };

async function openStream(
  port: number,
  headers: Readonly<Record<string, string>>,
): Promise<{ readonly client: RawClient; readonly head: string }> {
  const client = await RawClient.open(port);
  client.send(getRequest("/channels/a", headers));
  return { client, head: await client.until("\r\n\r\n") };
}

async function headOf(port: number, headers: Readonly<Record<string, string>>): Promise<string> {
  const { client, head } = await openStream(port, headers);
  await client[Symbol.asyncDispose]();
  return head;
}

/** Reads byte by byte until this was said, and not a byte further; answers the stream so far. */
async function readUntil(client: RawClient, text: string, before: Buffer = Buffer.alloc(0)): Promise<Buffer> {
  let bytes = before;
  while (!soFar(bytes).includes(text)) bytes = Buffer.concat([bytes, await client.take(1)]);
  return bytes;
}

describe("a stream is compressed for whoever asks for it (RFC 9110 §12.5.3)", () => {
  test.each([
    ["gzip", true],
    ["gzip, deflate, br, zstd", true],
    ["br;q=1.0, gzip;q=0.5", true],
    ["GZIP", true],
    ["*", true],
    ["gzip;q=0.5, identity;q=0.1", true],
    ["gzip;q=0", false],
    ["gzip;q=0, *", false],
    ["gzip;q=0.1, identity", false],
    ["br, zstd", false],
    ["identity", false],
    ["", false],
  ])("Accept-Encoding: %s", async (accepted, isGzip) => {
    await using server = await openServer();
    const head = await headOf(server.port, { ...SSE, "Accept-Encoding": accepted });
    expect(/content-encoding: gzip/i.test(head)).toBe(isGzip);
    expect(head).toMatch(/vary: .*Accept-Encoding/i);
  });

  test("without the header it is not", async () => {
    await using server = await openServer();
    const head = await headOf(server.port, SSE);
    expect(head).not.toMatch(/content-encoding/i);
    expect(head).toMatch(/vary: Accept-Encoding/i);
  });

  test("nothing on the way may change it, or keep it", async () => {
    await using server = await openServer();
    expect(await headOf(server.port, GZIP)).toContain("Cache-Control: no-store, no-transform\r\n");
  });

  test("with compression off nobody's is", async () => {
    await using server = await openServer({ compression: "off" });
    expect(await headOf(server.port, GZIP)).not.toMatch(/content-encoding|vary/i);
  });

  test("a problem is told as it is", async () => {
    await using server = await openServer();
    await using client = await RawClient.open(server.port);
    client.send(getRequest("/channels/a?since=other.1&gap=fail", GZIP));
    const head = await client.until("\r\n\r\n");
    expect(head).toMatch(/^HTTP\/1\.1 410 /);
    expect(head).not.toMatch(/content-encoding/i);
  });
});

describe("a compressed stream", () => {
  test("says each thing when it is written, and nothing later", async () => {
    await using server = await openServer();
    const { client } = await openStream(server.port, GZIP);
    await using _ = client;
    let bytes = await readUntil(client, "tidings.caught-up");
    for (const length of [10, 500, 5_000]) {
      await publish(server.url, "a", JSON.stringify("x".repeat(length)));
      bytes = await readUntil(client, `data: "${"x".repeat(length)}"\n\n`, bytes);
    }
  });

  test("is ended by a drain with its trailer, so that who checks it can tell that from a cut", async () => {
    await using server = await openServer();
    const { client } = await openStream(server.port, GZIP);
    await using _ = client;
    const begun = await readUntil(client, "tidings.caught-up");
    await publish(server.url, "a", JSON.stringify("log line ".repeat(1_000)));
    const closed = once(client.socket, "close");
    await server.tidings.drain();
    await closed;
    // Without the trailer, or with a wrong one, it would be refused.
    const stream = gunzipSync(Buffer.concat([begun, Buffer.from(client.received, "latin1")])).toString();
    expect(stream).toContain(`data: "${"log line ".repeat(1_000)}"\n\n`);
    expect(stream).toMatch(/event: tidings.draining\n.*\n\n$/);
  });

  test("is one that curl reads, and one it finds no fault with at the end", async () => {
    await using server = await openServer();
    await publish(server.url, "a", JSON.stringify("log line ".repeat(1_000)));
    const reading = promisify(execFile)("curl", [
      ...["-sSN", "--compressed", "-H", "Accept: application/x-ndjson"],
      `${server.url}/channels/a?since=earliest`,
    ]);
    await untilHeld(server.url, 1);
    await server.tidings.drain();
    const { stdout } = await reading;
    const types = stdout
      .trim()
      .split("\n")
      .map((each) => (JSON.parse(each) as { type: string }).type);
    expect(types).toEqual(["ok", "message", "caught-up", "draining"]);
  });

  test("goes over HTTP/2 as it does over HTTP/1.1", async () => {
    const tidings = await createTidings({ log: "memory" });
    const server = createServer(tidings.handler as never);
    await once(server.listen(0, "127.0.0.1"), "listening");
    const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const stream = session.request({
      ":path": "/channels/a",
      accept: "text/event-stream",
      "accept-encoding": "gzip",
    });
    const [headers] = (await once(stream, "response")) as [Record<string, string>];
    expect(headers["content-encoding"]).toBe("gzip");
    await tidings.publish("a", "log line ".repeat(1_000));
    let bytes = Buffer.alloc(0);
    for await (const chunk of stream) {
      bytes = Buffer.concat([bytes, chunk as Buffer]);
      if (soFar(bytes).includes("log line \n\n")) break;
    }
    expect(soFar(bytes)).toContain(`data: ${"log line ".repeat(1_000)}\n\n`);
    session.destroy();
    await tidings.close();
    server.close();
  });
});

/** What a client reads in the first bytes of a gzip stream. */
function soFar(bytes: Buffer): string {
  return bytes.length === 0 ? "" : gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH }).toString();
}
