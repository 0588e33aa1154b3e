import { send } from "@tidings/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openServer, type TestServer } from "../support/logs.ts";
import { RawClient } from "../support/raw-client.ts";
import { append, beginUpload, codeOf, digestHeader, sha256, untilTrue } from "./support/requests.ts";

let server: TestServer;
beforeAll(async () => {
  server = await openServer({ log: "lmdb", limits: { maxArtifactBytes: 1_000_000, uploadTtlMs: 90_000 } });
});
afterAll(async () => server[Symbol.asyncDispose]());

/** Where the server says that an upload stands. */
async function offsetOf(url: string): Promise<number> {
  return Number((await send(url, { method: "HEAD" })).headers["upload-offset"]);
}

/** A raw request of an upload that says more bytes than it sends. */
function half(method: string, path: string, headers: string, length: number, sent: string): string {
  return `${method} ${path} HTTP/1.1\r\nHost: localhost\r\n${headers}Content-Length: ${length}\r\n\r\n${sent}`;
}

describe("an upload in parts (draft-ietf-httpbis-resumable-upload)", () => {
  test("is begun with Upload-Complete: ?0, gone on with by PATCH, and ended with ?1", async () => {
    const url = await beginUpload(server.url, "abc", { "content-type": "text/plain" }, "?name=a.txt");
    const head = await send(url, { method: "HEAD" });
    expect(head.status).toBe(204);
    expect(head.headers).toMatchObject({
      "upload-complete": "?0",
      "upload-offset": "3",
      "upload-limit": "max-size=1000000, max-age=90",
      "cache-control": "no-store",
    });
    const second = await append(url, 3, "def", false);
    expect([second.status, second.headers["upload-offset"]]).toEqual([204, "6"]);
    const last = await append(url, 6, "ghi", true);
    expect([last.status, last.headers["upload-complete"]]).toEqual([201, "?1"]);
    expect(last.json()).toMatchObject({
      size: 9,
      type: "text/plain",
      name: "a.txt",
      sha256: sha256("abcdefghi"),
    });
    expect((await send(url)).text).toBe("abcdefghi");
  });

  test("is not served before it is whole", async () => {
    const url = await beginUpload(server.url, "abc");
    const answer = await send(url);
    expect([answer.status, codeOf(answer)]).toEqual([404, "ARTIFACT_UNKNOWN"]);
  });

  test("an upload in one request is one too: Upload-Complete: ?1 with the POST", async () => {
    const answer = await send(`${server.url}/artifacts`, {
      method: "POST",
      headers: { "upload-complete": "?1" },
      body: "abc",
    });
    expect([answer.status, answer.headers["upload-complete"]]).toEqual([201, "?1"]);
  });

  test("an offset that is not where it stands is a conflict that tells the right one", async () => {
    const url = await beginUpload(server.url, "abc");
    for (const offset of [0, 2, 4]) {
      const answer = await append(url, offset, "x", true);
      expect([answer.status, codeOf(answer), answer.headers["upload-offset"]]).toEqual([
        409,
        "UPLOAD_CONFLICT",
        "3",
      ]);
    }
    expect((await append(url, 3, "d", true)).status).toBe(201);
    const again = await append(url, 3, "d", true);
    expect([again.status, codeOf(again), again.headers["upload-complete"]]).toEqual([
      409,
      "UPLOAD_CONFLICT",
      "?1",
    ]);
  });

  test("its length, once said, holds", async () => {
    const url = await beginUpload(server.url, "abc", { "upload-length": "5" });
    for (const [body, isLast, headers] of [
      ["defg", true, {}],
      ["d", true, {}],
      ["d", false, { "upload-length": "6" }],
      ["defg", false, { "transfer-encoding": "chunked" }],
    ] as const) {
      const answer = await append(url, 3, body, isLast, headers);
      expect([answer.status, codeOf(answer)]).toEqual([409, "UPLOAD_CONFLICT"]);
    }
    expect(await offsetOf(url)).toBe(3);
    expect((await append(url, 3, "de", true)).status).toBe(201);
  });

  test("what is missing or wrong in a PATCH is told, and the upload stays", async () => {
    const url = await beginUpload(server.url, "abc");
    for (const [headers, status, code] of [
      [{ "content-type": "text/plain" }, 415, "CONTENT_TYPE_UNSUPPORTED"],
      [{ "upload-offset": "-1" }, 400, "HEADER_INVALID"],
      [{ "upload-offset": "9".repeat(16) }, 400, "HEADER_INVALID"],
      [{ "upload-complete": "true" }, 400, "HEADER_INVALID"],
      [{ "upload-length": "1e3" }, 400, "HEADER_INVALID"],
      [{ "content-digest": "sha-256=abc" }, 400, "HEADER_INVALID"],
    ] as const) {
      const answer = await append(url, 3, "d", true, headers);
      expect([answer.status, codeOf(answer)], JSON.stringify(headers)).toEqual([status, code]);
    }
    expect(await offsetOf(url)).toBe(3);
  });

  test("a part whose Content-Digest is another is taken back, and can be sent again", async () => {
    const url = await beginUpload(server.url, "abc");
    const wrong = await append(url, 3, "dxf", false, { "content-digest": digestHeader("def") });
    expect([wrong.status, codeOf(wrong), wrong.headers["upload-offset"]]).toEqual([
      400,
      "DIGEST_MISMATCH",
      "3",
    ]);
    const right = await append(url, 3, "def", true, { "content-digest": digestHeader("def") });
    expect(right.json()).toMatchObject({ size: 6, sha256: sha256("abcdef") });
  });

  test("the Repr-Digest that it began with is checked when it is whole", async () => {
    const url = await beginUpload(server.url, "", { "repr-digest": digestHeader("abcdef") });
    await append(url, 0, "abc", false);
    expect((await append(url, 3, "xyz", true)).json()).toMatchObject({ code: "DIGEST_MISMATCH" });
    expect((await send(url, { method: "HEAD" })).status).toBe(404);
  });

  test("DELETE cancels it", async () => {
    const url = await beginUpload(server.url, "abc");
    expect((await send(url, { method: "DELETE" })).status).toBe(204);
    expect((await append(url, 3, "d", true)).status).toBe(404);
  });

  test("after a restart HEAD tells what is there, and the rest makes it whole", async () => {
    const url = await beginUpload(server.url, "abc", { "upload-length": "6", "content-type": "text/plain" });
    await server.restart();
    expect(await offsetOf(url)).toBe(3);
    expect((await append(url, 3, "def", true)).json()).toMatchObject({
      type: "text/plain",
      sha256: sha256("abcdef"),
    });
  });

  test("its progress goes on over its parts", async () => {
    const url = await beginUpload(server.url, "abc", { "upload-length": "6" }, "?progress=parts");
    await append(url, 3, "def", true);
    const { messages } = (await send(`${server.url}/channels/parts`)).json() as {
      messages: { event: string; data: { received?: number } }[];
    };
    expect(messages.map(({ event, data }) => [event, data.received])).toEqual([
      ["progress", 0],
      ["progress", 3],
      ["progress", 3],
      ["progress", 6],
      ["complete", undefined],
    ]);
  });
});

describe("a connection that breaks", () => {
  test("in a resumable POST keeps what arrived; 104 has told where (§5)", async () => {
    const client = await RawClient.open(server.port);
    client.send(half("POST", "/artifacts", "Upload-Complete: ?1\r\n", 6, "abc"));
    const early = await client.until("\r\n\r\n");
    expect(early).toMatch(/^HTTP\/1\.1 104 /);
    const url = server.url + String(/Location: (\S+)/.exec(early)?.[1]);
    await client[Symbol.asyncDispose]();
    await untilTrue(async () => (await offsetOf(url)) === 3);
    expect((await append(url, 3, "def", true)).json()).toMatchObject({ sha256: sha256("abcdef") });
  });

  test("in a plain POST leaves nothing", async () => {
    await using other = await openServer();
    const client = await RawClient.open(other.port);
    client.send(half("POST", "/artifacts?progress=cut", "", 6, "abc"));
    await untilTrue(async () => (await send(`${other.url}/channels/cut?last=1`)).text.includes('"artifact"'));
    const { messages } = (await send(`${other.url}/channels/cut?last=1`)).json() as {
      messages: { data: { artifact: string } }[];
    };
    const path = `${other.url}/artifacts/${messages[0]?.data.artifact}`;
    expect((await send(path, { method: "HEAD" })).status).toBe(404);
    await client[Symbol.asyncDispose]();
    const failed = await send(`${other.url}/channels/cut?event=failed&wait=5`);
    expect(failed.text).toContain("BODY_INVALID");
    expect((await send(path, { method: "HEAD" })).status).toBe(404);
  });

  test("in a PATCH keeps what arrived", async () => {
    const url = await beginUpload(server.url, "abc", {}, "?progress=broken");
    const received = async (count: number): Promise<boolean> =>
      (await send(`${server.url}/channels/broken?last=1`)).text.includes(`"received":${count},"size":9`);
    const client = await RawClient.open(server.port);
    const headers = "Content-Type: application/partial-upload\r\nUpload-Offset: 3\r\nUpload-Complete: ?1\r\n";
    client.send(half("PATCH", new URL(url).pathname, headers, 6, ""));
    await untilTrue(async () => received(3));
    client.send("def");
    client.socket.end();
    await untilTrue(async () => received(6));
    expect(await offsetOf(url)).toBe(6);
    expect((await append(url, 6, "ghi", true)).json()).toMatchObject({ sha256: sha256("abcdefghi") });
  });

  test("or is only half gone: a second PATCH is a conflict, until HEAD has ended the first (§4.3)", async () => {
    const url = await beginUpload(server.url, "abc", {}, "?progress=zombie");
    await using zombie = await RawClient.open(server.port);
    const headers = "Content-Type: application/partial-upload\r\nUpload-Offset: 3\r\nUpload-Complete: ?1\r\n";
    zombie.send(half("PATCH", new URL(url).pathname, headers, 6, "def"));
    // Its beginning is told once it writes.
    await untilTrue(
      async () => (await send(`${server.url}/channels/zombie`)).text.match(/"received":3/g)?.length === 2,
    );
    const second = await append(url, 3, "def", true);
    expect([second.status, codeOf(second)]).toEqual([409, "UPLOAD_CONFLICT"]);
    const offset = await offsetOf(url);
    expect([3, 6]).toContain(offset);
    const rest = await append(url, offset, "defghi".slice(offset - 3), true);
    expect(rest.json()).toMatchObject({ sha256: sha256("abcdefghi") });
  });
});
