import { readdir, readlink } from "node:fs/promises";
import { send } from "@tidings/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openServer, type TestServer } from "../support/logs.ts";
import { getRequest, RawClient } from "../support/raw-client.ts";
import { stillServes } from "../support/still-serves.ts";
import { append, beginUpload, codeOf, sha256, untilTrue, upload } from "./support/requests.ts";

let server: TestServer;
beforeAll(async () => {
  server = await openServer({ limits: { maxArtifactStoreBytes: 50_000_000, requestTimeoutMs: 5_000 } });
});
afterAll(async () => server[Symbol.asyncDispose]());

/** Files that this process has open of the store. */
async function openBodies(): Promise<number> {
  const links = await Promise.all(
    (await readdir("/proc/self/fd")).map(async (fd) => readlink(`/proc/self/fd/${fd}`).catch(() => "")),
  );
  return links.filter((link) => link.includes("tidings-artifacts-") && link.includes("/bodies/")).length;
}

describe("hostile requests", () => {
  test.each([
    "/artifacts/..%2f..%2fetc%2fpasswd",
    "/artifacts/%2e%2e",
    "/artifacts/.",
    "/artifacts/__proto__",
    "/artifacts/%00",
    `/artifacts/${"a".repeat(5_000)}`,
    "/artifacts/..%5c..%5cx",
  ])("an id that is none is not found: %.40s", async (path) => {
    for (const method of ["GET", "HEAD", "PATCH", "DELETE"]) {
      await using client = await RawClient.open(server.port);
      client.send(`${method} ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
      expect(await client.closed(), method).toMatch(/^HTTP\/1\.1 404 /);
    }
    await stillServes(server.url);
  });

  test.each([
    ["?name=a&name=b", {}, 400, "QUERY_INVALID"],
    ["?nmae=a", {}, 400, "QUERY_INVALID"],
    [`?name=${"a".repeat(256)}`, {}, 400, "QUERY_INVALID"],
    ["?ttl=0", {}, 400, "QUERY_INVALID"],
    ["?ttl=1e9", {}, 400, "QUERY_INVALID"],
    ["?ttl=999999999", {}, 400, "QUERY_INVALID"],
    ["?progress=a//b", {}, 400, "CHANNEL_NAME_INVALID"],
    ["?progress=$system", {}, 403, "CHANNEL_RESERVED"],
    ["", { "content-type": "nonsense" }, 415, "CONTENT_TYPE_UNSUPPORTED"],
    ["", { "content-type": "text/html\u00e9" }, 415, "CONTENT_TYPE_UNSUPPORTED"],
    ["", { "content-type": `text/${"x".repeat(300)}` }, 415, "CONTENT_TYPE_UNSUPPORTED"],
    ["", { "content-type": `text/plain${"; a=b".repeat(60)}!` }, 415, "CONTENT_TYPE_UNSUPPORTED"],
    ["", { "content-encoding": "gzip" }, 415, "CONTENT_TYPE_UNSUPPORTED"],
    ["", { "upload-complete": "yes" }, 400, "HEADER_INVALID"],
    ["", { "upload-offset": "0" }, 400, "HEADER_INVALID"],
    ["", { "upload-complete": "?0", "upload-length": "999999999999999" }, 413, "ARTIFACT_TOO_LARGE"],
    ["", { "upload-complete": "?0", "upload-length": "-5" }, 400, "HEADER_INVALID"],
    ["", { "upload-complete": "?1", "upload-length": "5" }, 409, "UPLOAD_CONFLICT"],
    ["", { "content-digest": "sha-256=:AAAA:" }, 400, "HEADER_INVALID"],
    ["", { "repr-digest": "sha-256" + "=".repeat(5_000) }, 400, "HEADER_INVALID"],
  ] as const)("POST /artifacts%.20s with %j", async (query, headers, status, code) => {
    const answer = await send(`${server.url}/artifacts${query}`, { method: "POST", headers, body: "x" });
    expect([answer.status, codeOf(answer)]).toEqual([status, code]);
    await stillServes(server.url);
  });

  test("a file name cannot lead out of a folder, nor write a header of its own", async () => {
    for (const [given, name] of [
      ["../../etc/passwd", "passwd"],
      ["C:\\windows\\a.exe", "a.exe"],
      ['a"; x="\r\nSet-Cookie: a=b', 'a"; x="Set-Cookie: a=b'],
      ["txt.\u202egpj.exe", "txt.gpj.exe"],
      ["..", undefined],
      ["\u0000", undefined],
    ] as const) {
      const uploaded = await upload(server.url, "x", {}, `?name=${encodeURIComponent(given)}`);
      expect(uploaded.name).toBe(name);
      const { headers } = await send(server.url + uploaded.url);
      expect(headers["set-cookie"]).toBeUndefined();
      expect(headers["content-disposition"]).toMatch(/^attachment(?:;|$)/);
    }
  });

  test("a body that is too large by its head is refused without being sent (RFC 9110 §10.1.1)", async () => {
    await using client = await RawClient.open(server.port);
    const request = (length: number): string =>
      `POST /artifacts HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: ${length}\r\n\r\n`;
    client.send(request(60_000_000));
    expect(await client.until("\r\n")).toMatch(/^HTTP\/1\.1 507 /);
    await using other = await RawClient.open(server.port);
    other.send(request(3));
    expect(await other.until("\r\n\r\n")).toMatch(/^HTTP\/1\.1 100 /);
    other.send("abc");
    expect(await other.until("\r\n\r\n")).toMatch(/^HTTP\/1\.1 201 /);
  });

  test("two PATCHes at once: one adds its bytes, the other is told", async () => {
    const url = await beginUpload(server.url, "abc");
    const answers = await Promise.all([append(url, 3, "def", true), append(url, 3, "def", true)]);
    expect(answers.map(({ status }) => status).sort((one, other) => one - other)).toEqual([201, 409]);
    expect((await send(url)).text).toBe("abcdef");
  });

  test("a delete in the middle of an upload ends it, and leaves nothing", async () => {
    await using other = await openServer();
    const url = await beginUpload(other.url, "", {}, "?progress=deleted");
    await using client = await RawClient.open(other.port);
    client.send(
      `PATCH ${new URL(url).pathname} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/partial-upload\r\n` +
        "Upload-Offset: 0\r\nUpload-Complete: ?1\r\nContent-Length: 10\r\n\r\nabc",
    );
    await untilTrue(async () =>
      (await send(`${other.url}/channels/deleted?last=1`)).text.includes("artifact"),
    );
    expect((await send(url, { method: "DELETE" })).status).toBe(204);
    await client.closed();
    expect((await send(url, { method: "HEAD" })).status).toBe(404);
    await stillServes(other.url);
  });
});

describe("slow and vanishing clients", () => {
  test("a reader that stops costs two small buffers, and lets go of the file when it leaves", async () => {
    const body = Buffer.alloc(30_000_000, "x");
    const { url } = await upload(server.url, body);
    const clients = await Promise.all(Array.from({ length: 20 }, async () => RawClient.open(server.port)));
    const before = process.memoryUsage().arrayBuffers;
    for (const client of clients) {
      client.socket.pause();
      client.send(getRequest(url));
    }
    await untilTrue(async () => (await openBodies()) === 20);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20 * 1_000_000);
    for (const client of clients) await client[Symbol.asyncDispose]();
    await untilTrue(async () => (await openBodies()) === 0);
    expect(sha256(Buffer.from((await send(server.url + url)).text))).toBe(sha256(body));
    await stillServes(server.url);
  });
});

describe("an upload's time", () => {
  test("is that between two parts: a slow one goes on for longer than a whole body may take", async () => {
    await using slow = await openServer({ limits: { requestTimeoutMs: 300 } });
    await using client = await RawClient.open(slow.port);
    client.send("POST /artifacts HTTP/1.1\r\nHost: localhost\r\nContent-Length: 12\r\n\r\n");
    const beganMs = performance.now();
    for (let n = 0; n < 12; n++) {
      await new Promise((resolve) => setTimeout(resolve, 60));
      client.send("x");
    }
    expect(await client.until("\r\n\r\n")).toMatch(/^HTTP\/1\.1 201 /);
    expect(performance.now() - beganMs).toBeGreaterThan(600);
  });

  test("is over when nothing comes any more", async () => {
    await using slow = await openServer({ limits: { requestTimeoutMs: 300 } });
    await using client = await RawClient.open(slow.port);
    client.send("POST /artifacts HTTP/1.1\r\nHost: localhost\r\nContent-Length: 12\r\n\r\nabc");
    expect(await client.closed()).toMatch(/^HTTP\/1\.1 408 [\s\S]*REQUEST_TIMEOUT/);
    await stillServes(slow.url);
  });
});
