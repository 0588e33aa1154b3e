import { brotliCompressSync, gzipSync } from "node:zlib";
import { send } from "@tidings/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openServer, type TestServer } from "../../support/logs.ts";
import { RawWebSocket } from "../../support/raw-web-socket.ts";
import { stillServes } from "../../support/still-serves.ts";

const JSON_TYPE = { "content-type": "application/json" };

let server: TestServer;
beforeAll(async () => {
  server = await openServer();
  server.tidings.command("echo", { handler: () => "taken" });
});
afterAll(async () => server[Symbol.asyncDispose]());

describe("a body that says it is compressed is never inflated", () => {
  const plain = Buffer.alloc(20_000_000, 0x20);
  const bombs = [
    ["gzip", gzipSync(plain)],
    ["br", brotliCompressSync(plain)],
    ["gzip, gzip", gzipSync(gzipSync(plain))],
    ["identity, gzip", gzipSync(plain)],
    ["x-unknown", Buffer.from("1")],
  ] as const;
  test.each([
    ["POST", "/channels/a"],
    ["POST", "/connect"],
    ["POST", "/commands/echo"],
    ["POST", "/artifacts"],
    ["PATCH", "/connections/none"],
    ["PUT", "/presence/a?member=me"],
  ])("%s %s", async (method, path) => {
    for (const [encoding, body] of bombs) {
      const before = process.memoryUsage().rss;
      const headers = { ...JSON_TYPE, "content-encoding": encoding };
      const answer = await send(server.url + path, { method, headers, body });
      expect([answer.status, answer.text], encoding).toEqual([
        415,
        expect.stringContaining("CONTENT_TYPE_UNSUPPORTED"),
      ]);
      expect(process.memoryUsage().rss - before).toBeLessThan(15_000_000);
    }
    await stillServes(server.url);
  });
});

/** As deep as a body of this size can be. */
function deep(bytes: number, open: string, close: string): string {
  const depth = Math.floor(bytes / (open.length + close.length)) - 1;
  return `${open.repeat(depth)}1${close.repeat(depth)}`;
}

describe("JSON that is as deep as it may be large", () => {
  test.each([
    ["POST", "/channels/deep", (json: string) => json],
    ["POST", "/commands/echo", (json: string) => json],
    ["POST", "/connect", (json: string) => `{"join":[{"channel":"a","member":"me","state":${json}}]}`],
    ["POST", "/connect", (json: string) => `{"subscribe":${json}}`],
    ["POST", "/connect", (json: string) => `{"subscribe":[{"channel":"a","x":${json}}]}`],
    ["PATCH", "/connections/none", (json: string) => `{"subscribe":${json},"join":${json}}`],
    ["PUT", "/presence/a?member=me", (json: string) => json],
    ["POST", "/revocations", (json: string) => `{"token":${json}}`],
  ])("%s %s is taken or refused, and is no fault of the server's", async (method, path, around) => {
    for (const [open, close] of [
      ["[", "]"],
      ['{"a":', "}"],
    ] as const) {
      for (const size of [3_000, 90_000, 250_000]) {
        const body = around(deep(size, open, close));
        const answer = await send(server.url + path, { method, headers: JSON_TYPE, body });
        expect(answer.text).not.toContain("INTERNAL");
        expect(answer.status).toBeLessThan(500);
      }
    }
    await stillServes(server.url);
  });

  test.each([
    (json: string) => `{"type":"publish","id":"1","channel":"deep","data":${json}}`,
    (json: string) => `{"type":"command","id":"1","name":"echo","data":${json}}`,
    (json: string) => `{"type":"join","id":"1","channel":"a","state":${json}}`,
    (json: string) => `{"type":${json}}`,
    (json: string) => json,
  ])("in a frame, %s", async (around) => {
    const socket = await RawWebSocket.open(server.port, "/connect", "tidings.v1");
    await socket.jsonOf("welcome");
    socket.send(1, around(deep(90_000, "[", "]")));
    const { opcode, payload } = await socket.frame();
    expect([opcode, payload.toString()]).toEqual([1, expect.not.stringContaining("INTERNAL")]);
    await socket[Symbol.asyncDispose]();
    await stillServes(server.url);
  });
});

describe("names that every object has", () => {
  test("in a frame, a body, a query or a batch change nothing of what others are served", async () => {
    const hostile =
      '{"__proto__":{"isAdmin":true,"channel":"x","type":"message"},"constructor":{"prototype":{"admin":1}}}';
    const requests: readonly (readonly [string, string, string])[] = [
      ["POST", "/channels/proto", hostile],
      ["POST", "/connect", hostile],
      ["POST", "/commands/echo", hostile],
      ["POST", "/commands/__proto__", "1"],
      ["POST", "/channels/__proto__", "1"],
      ["POST", "/channels/constructor/prototype?event=__proto__&key=toString", "1"],
      ["PATCH", "/connections/__proto__", hostile],
      ["PUT", "/presence/a?member=__proto__", hostile],
      ["GET", "/connect?channel=__proto__&channel=constructor&channel=toString", ""],
      ["GET", "/channels/a?__proto__=1", ""],
    ];
    for (const [method, path, body] of requests) {
      const sent = { method, headers: JSON_TYPE, ...(body === "" ? {} : { body }) };
      expect((await send(server.url + path, sent)).status, path).toBeLessThan(500);
    }
    await using socket = await RawWebSocket.open(server.port, "/connect", "tidings.v1");
    await socket.jsonOf("welcome");
    socket.send(1, `{"type":"publish","id":"1","channel":"proto","data":${hostile}}`);
    await socket.jsonOf("ok");
    socket.send(1, `{"type":"__proto__","id":"1"}`);
    expect(await socket.jsonOf("error")).toMatchObject({ id: "1", code: "FRAME_INVALID" });
    socket.send(1, `{"type":"ping","__proto__":{"id":"7"}}`);
    expect(await socket.jsonOf("error")).toMatchObject({ code: "FRAME_INVALID" });
    for (const name of ["isAdmin", "admin", "channel"])
      expect(Object.hasOwn(Object.prototype, name)).toBe(false);
    // As it was published, byte for byte.
    expect((await send(`${server.url}/channels/proto?last=1`)).text).toContain(hostile);
    const named = await send(`${server.url}/channels/__proto__?last=1`);
    expect(named.json()).toMatchObject({ messages: [{ channel: "__proto__", data: 1 }] });
  });
});
