import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { send } from "@tidings/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openServer, type TestServer } from "../support/logs.ts";
import { codeOf, digestHeader, sha256, upload } from "./support/requests.ts";

const DIGITS = "0123456789";

let server: TestServer;
beforeAll(async () => {
  server = await openServer({
    limits: { maxArtifactBytes: 1_000 },
    policies: [{ pattern: "closed/**", publish: "server" }],
  });
});
afterAll(async () => server[Symbol.asyncDispose]());

describe("POST /artifacts", () => {
  test("stores a body of any type, and answers where it is and what it is", async () => {
    const answer = await send(`${server.url}/artifacts?name=digits.txt&ttl=60`, {
      method: "POST",
      headers: { "content-type": "text/plain; charset=utf-8" },
      body: DIGITS,
    });
    const { id, expiresAt, ...rest } = answer.json() as Record<string, string>;
    expect(answer.status).toBe(201);
    expect(rest).toEqual({
      url: `/artifacts/${id}`,
      size: 10,
      type: "text/plain; charset=utf-8",
      sha256: sha256(DIGITS),
      name: "digits.txt",
    });
    expect(answer.headers["location"]).toBe(`/artifacts/${id}`);
    const leftMs = Date.parse(String(expiresAt)) - Date.now();
    expect(leftMs).toBeGreaterThan(50_000);
    expect(leftMs).toBeLessThanOrEqual(60_000);
  });

  test("a body of no bytes is an artifact too", async () => {
    const { url, size, sha256: hash } = await upload(server.url, "");
    expect([size, hash]).toEqual([0, sha256("")]);
    const answer = await send(server.url + url);
    expect([answer.status, answer.text, answer.headers["content-length"]]).toEqual([200, "", "0"]);
    expect((await send(server.url + url, { headers: { range: "bytes=0-" } })).status).toBe(416);
  });

  test("without a Content-Type it is application/octet-stream", async () => {
    expect((await upload(server.url, DIGITS)).type).toBe("application/octet-stream");
  });

  test("of exactly the limit is taken, and one byte more is refused, with or without its length said", async () => {
    expect((await upload(server.url, "x".repeat(1_000))).size).toBe(1_000);
    for (const headers of [{}, { "transfer-encoding": "chunked" }] as Record<string, string>[]) {
      const answer = await send(`${server.url}/artifacts`, {
        method: "POST",
        headers,
        body: "x".repeat(1_001),
      });
      expect([answer.status, codeOf(answer)]).toEqual([413, "ARTIFACT_TOO_LARGE"]);
    }
  });

  test.each(["Content-Digest", "Repr-Digest"])("%s is checked (RFC 9530)", async (name) => {
    expect((await upload(server.url, DIGITS, { [name]: digestHeader(DIGITS) })).sha256).toBe(sha256(DIGITS));
    expect((await upload(server.url, DIGITS, { [name]: "md5=:AAAA:" })).size).toBe(10);
    const answer = await send(`${server.url}/artifacts`, {
      method: "POST",
      headers: { [name]: digestHeader("another") },
      body: DIGITS,
    });
    expect([answer.status, codeOf(answer)]).toEqual([400, "DIGEST_MISMATCH"]);
  });

  test("?progress tells a channel of its beginning, its end and the artifact", async () => {
    const { id, url } = await upload(server.url, DIGITS, {}, "?progress=uploads/42");
    const page = (await send(`${server.url}/channels/uploads/42`)).json() as {
      messages: { event: string; key: string; data: unknown }[];
    };
    expect(page.messages.map(({ event, key, data }) => [event, key, data])).toEqual([
      ["progress", id, { artifact: id, received: 0, size: 10 }],
      ["progress", id, { artifact: id, received: 10, size: 10 }],
      [
        "complete",
        id,
        { artifact: id, url, size: 10, type: "application/octet-stream", sha256: sha256(DIGITS) },
      ],
    ]);
  });

  test("?progress tells of a failure", async () => {
    await send(`${server.url}/artifacts?progress=uploads/43`, {
      method: "POST",
      headers: { "content-digest": digestHeader("another") },
      body: DIGITS,
    });
    const last = async (): Promise<unknown> =>
      (await send(`${server.url}/channels/uploads/43?last=1&wait=5`)).json();
    expect(await last()).toMatchObject({
      messages: [{ event: "failed", data: { code: "DIGEST_MISMATCH" } }],
    });
  });

  test("?progress on a channel that others may not publish to is refused before the body", async () => {
    const answer = await send(`${server.url}/artifacts?progress=closed/a`, { method: "POST", body: DIGITS });
    expect([answer.status, codeOf(answer)]).toEqual([403, "PUBLISH_FORBIDDEN"]);
  });
});

describe("GET /artifacts/{id}", () => {
  test("has what makes it safe to open, and cacheable for ever", async () => {
    const { url, sha256: hash } = await upload(
      server.url,
      "<script>alert(1)</script>",
      { "content-type": "text/html" },
      "?name=%E2%82%AC%20rates.html",
    );
    const { headers } = await send(server.url + url);
    expect(headers).toMatchObject({
      "content-type": "text/html",
      "content-disposition": `attachment; filename="? rates.html"; filename*=UTF-8''%E2%82%AC%20rates.html`,
      "x-content-type-options": "nosniff",
      "content-security-policy": "sandbox; default-src 'none'",
      "cache-control": "private, max-age=31536000, immutable",
      "accept-ranges": "bytes",
      etag: `"${hash}"`,
      "repr-digest": digestHeader("<script>alert(1)</script>"),
    });
    expect(Date.parse(String(headers["last-modified"]))).not.toBeNaN();
  });

  test.each([
    ["image/png", "inline"],
    ["text/plain; charset=utf-8", "inline"],
    ["application/json", "inline"],
    ["video/mp4", "inline"],
    ["image/svg+xml", "attachment"],
    ["application/xhtml+xml", "attachment"],
    ["text/html", "attachment"],
    ["text/plainx", "attachment"],
    ["application/pdf", "attachment"],
    ["application/javascript", "attachment"],
  ])("%s is %s", async (type, disposition) => {
    const { url } = await upload(server.url, DIGITS, { "content-type": type });
    expect((await send(server.url + url)).headers["content-disposition"]).toBe(disposition);
  });

  test.each([
    ["bytes=2-4", 206, "234", "bytes 2-4/10"],
    ["bytes=7-", 206, "789", "bytes 7-9/10"],
    ["bytes=-2", 206, "89", "bytes 8-9/10"],
    ["bytes=5-500", 206, "56789", "bytes 5-9/10"],
    ["bytes=-500", 206, DIGITS, "bytes 0-9/10"],
    ["bytes=0-1,4-5", 200, DIGITS, undefined],
    ["bytes=x", 200, DIGITS, undefined],
    ["bytes=4-2", 200, DIGITS, undefined],
    ["bytes=-", 200, DIGITS, undefined],
    ["lines=0-1", 200, DIGITS, undefined],
    [`bytes=${"0-0,".repeat(5_000)}1-1`, 200, DIGITS, undefined],
  ])("Range: %.20s (RFC 9110 §14)", async (range, status, text, contentRange) => {
    const { url } = await upload(server.url, DIGITS);
    const answer = await send(server.url + url, { headers: { range } });
    expect([answer.status, answer.text, answer.headers["content-range"]]).toEqual([
      status,
      text,
      contentRange,
    ]);
    expect(answer.headers["content-length"]).toBe(String(text.length));
  });

  test.each(["bytes=10-", "bytes=10-20", "bytes=-0"])("a range outside of it is 416 (%s)", async (range) => {
    const { url } = await upload(server.url, DIGITS);
    const answer = await send(server.url + url, { headers: { range } });
    expect([answer.status, codeOf(answer), answer.headers["content-range"]]).toEqual([
      416,
      "RANGE_INVALID",
      "bytes */10",
    ]);
  });

  test("If-Range gives the range while it is the same artifact, and the whole otherwise (RFC 9110 §13.1.5)", async () => {
    const { url, sha256: hash } = await upload(server.url, DIGITS);
    const { headers } = await send(server.url + url);
    const range = "bytes=0-0";
    for (const [ifRange, status] of [
      [`"${hash}"`, 206],
      [String(headers["last-modified"]), 206],
      [`W/"${hash}"`, 200],
      ['"other"', 200],
      ["Thu, 01 Jan 1970 00:00:00 GMT", 200],
    ] as const) {
      const answer = await send(server.url + url, { headers: { range, "if-range": ifRange } });
      expect(answer.status, ifRange).toBe(status);
    }
  });

  test("If-None-Match and If-Modified-Since spare the body (RFC 9110 §13.1.2, §13.1.3)", async () => {
    const { url, sha256: hash } = await upload(server.url, DIGITS);
    const { headers } = await send(server.url + url);
    for (const condition of [
      { "if-none-match": `"${hash}"` },
      { "if-none-match": `"other", W/"${hash}"` },
      { "if-none-match": "*" },
      { "if-modified-since": String(headers["last-modified"]) },
    ] as Record<string, string>[]) {
      const answer = await send(server.url + url, { headers: condition });
      expect([answer.status, answer.text, answer.headers["etag"]]).toEqual([304, "", `"${hash}"`]);
    }
    const changed = await send(server.url + url, { headers: { "if-none-match": '"other"' } });
    expect(changed.status).toBe(200);
  });

  test("HEAD tells all but the body, whatever range is asked for", async () => {
    const { url } = await upload(server.url, DIGITS);
    const answer = await send(server.url + url, { method: "HEAD", headers: { range: "bytes=0-1" } });
    expect([answer.status, answer.text, answer.headers["content-length"]]).toEqual([200, "", "10"]);
    expect(answer.headers).toMatchObject({ "upload-complete": "?1", "upload-offset": "10" });
  });

  test("DELETE removes it", async () => {
    const { url } = await upload(server.url, DIGITS);
    expect((await send(server.url + url, { method: "DELETE" })).status).toBe(204);
    for (const method of ["GET", "DELETE"]) {
      const answer = await send(server.url + url, { method });
      expect([answer.status, codeOf(answer)]).toEqual([404, "ARTIFACT_UNKNOWN"]);
    }
  });
});

test("what was uploaded is there after a restart of the lmdb server, and nothing else", async () => {
  const data = await mkdtemp(join(tmpdir(), "tidings-artifacts-"));
  await using durable = await openServer({ log: "lmdb", data });
  const { url, id } = await upload(durable.url, DIGITS, { "content-type": "text/plain" }, "?name=d.txt");
  await durable.restart();
  const answer = await send(durable.url + url);
  expect([answer.text, answer.headers["content-disposition"]]).toEqual([DIGITS, "inline; filename=d.txt"]);
  expect(await readdir(join(data, "artifacts", "bodies"))).toEqual([id]);
  await rm(data, { recursive: true });
});

test("the URL begins with the base path", async () => {
  await using based = await openServer({ basePath: "/push" });
  const { url, id } = await upload(based.url, DIGITS);
  expect(url).toBe(`/push/artifacts/${id}`);
  expect((await send(new URL(url, based.url))).text).toBe(DIGITS);
});
