import { send } from "@tidings/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TestServer } from "../../support/logs.ts";
import { openProxy, PROXIES, type Proxy, skippedWithout } from "../../support/proxies.ts";
import { RawClient } from "../../support/raw-client.ts";
import { bearer, openSecured } from "../../support/secured.ts";

/** What is hidden in another request. Whoever looks at requests one by one would not let it through. */
const HIDDEN =
  "POST /channels/hidden HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/plain\r\nContent-Length: 1\r\n\r\nx";
const END = `0\r\n\r\n${HIDDEN}`;
const CHUNK = `${HIDDEN.length.toString(16)}\r\n${HIDDEN}\r\n0\r\n\r\n`;

function post(headers: string, body: string, version = "1.1"): string {
  return `POST /channels/open HTTP/${version}\r\nHost: 127.0.0.1\r\nContent-Type: text/plain\r\n${headers}\r\n\r\n${body}`;
}

/** Two ways to tell where a body ends, of which one is passed over by this reader and the other by that. */
const AMBIGUOUS: readonly (readonly [string, string])[] = [
  ["CL.TE", post(`Content-Length: ${END.length}\r\nTransfer-Encoding: chunked`, END)],
  ["TE.CL", post(`Transfer-Encoding: chunked\r\nContent-Length: 4`, CHUNK)],
  [
    "TE.TE, the second unknown",
    post(`Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\nContent-Length: 4`, CHUNK),
  ],
  [
    "TE.TE, the first unknown",
    post(`Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 4`, CHUNK),
  ],
  ["an unknown coding last", post(`Transfer-Encoding: chunked, identity\r\nContent-Length: 4`, CHUNK)],
  [
    "a coding that only looks like it",
    post(`Transfer-Encoding: xchunked\r\nContent-Length: ${END.length}`, END),
  ],
  ["a space before the colon", post(`Transfer-Encoding : chunked\r\nContent-Length: ${END.length}`, END)],
  ["a vertical tab", post(`Transfer-Encoding: \u000bchunked\r\nContent-Length: ${END.length}`, END)],
  [
    "a header folded into another (obs-fold)",
    post(
      `X: x\r\n Transfer-Encoding: chunked\r\nContent-Length: ${END.length}\r\nTransfer-Encoding: chunked`,
      END,
    ),
  ],
  ["a bare LF before it", post(`X: x\nTransfer-Encoding: chunked\r\nContent-Length: ${END.length}`, END)],
  [
    "a bare CR before it",
    post(
      `X: x\rTransfer-Encoding: chunked\r\nContent-Length: ${END.length}\r\nTransfer-Encoding: chunked`,
      END,
    ),
  ],
  ["two lengths", post(`Content-Length: 0\r\nContent-Length: ${HIDDEN.length}`, HIDDEN)],
  ["two lengths in one header", post(`Content-Length: 0, ${HIDDEN.length}`, HIDDEN)],
  ["a length with a sign", post(`Content-Length: +0`, HIDDEN)],
  ["a length in hexadecimal", post(`Content-Length: 0x0`, HIDDEN)],
  ["a length beyond all numbers", post(`Content-Length: 18446744073709551616`, HIDDEN)],
  [
    "HTTP/1.0 with chunks and a length",
    post(`Transfer-Encoding: chunked\r\nContent-Length: ${END.length}`, END, "1.0"),
  ],
];

/** What can be read in one way only, with something hidden where a careless reader would look for the next request. */
const PLAIN: readonly (readonly [string, string])[] = [
  ["a length on a folded line", post(`Content-Length:\r\n ${HIDDEN.length}`, HIDDEN)],
  [
    "lines that end with a bare LF",
    post(`Content-Length: ${HIDDEN.length}`, HIDDEN).replaceAll("\r\n", "\n"),
  ],
  ["a chunk's extension", post("Transfer-Encoding: chunked", `1;a=b\r\nx\r\n${CHUNK}`)],
  [
    "a chunk's extension with a quoted line end",
    post("Transfer-Encoding: chunked", `1;a="\r\nx\r\n${END}`.replace(HIDDEN, "")),
  ],
  ["a chunk's extension that ends with a bare LF", post("Transfer-Encoding: chunked", `2;\nxx\r\n${CHUNK}`)],
  ["a chunk's size that ends with a bare LF", post("Transfer-Encoding: chunked", `1\nx\r\n${CHUNK}`)],
  [
    "a chunk's size beyond all numbers",
    post("Transfer-Encoding: chunked", `10000000000000001\r\nx\r\n${HIDDEN}`),
  ],
  ["a chunk that does not end where it says", post("Transfer-Encoding: chunked", `1\r\nxyz\r\n${CHUNK}`)],
  [
    "a trailer that is a request's line",
    post("Transfer-Encoding: chunked", `1\r\nx\r\n0\r\nX: POST /channels/hidden HTTP/1.1\r\n\r\n`),
  ],
  [
    "a GET with a body",
    `GET /channels/open HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: ${HIDDEN.length}\r\n\r\n${HIDDEN}`,
  ],
  [
    "a body that is refused unread",
    `POST /channels/open HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: ${HIDDEN.length}\r\n\r\n${HIDDEN}`,
  ],
  [
    "a body that is not waited for (100-continue)",
    post(`Expect: 100-continue\r\nContent-Length: ${HIDDEN.length}`, HIDDEN),
  ],
  ["an expectation that nobody knows", post(`Expect: x\r\nContent-Length: ${HIDDEN.length}`, HIDDEN)],
  [
    "an upgrade that is refused",
    `GET /channels/hidden HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: ${HIDDEN.length}\r\n\r\n${HIDDEN}`,
  ],
  [
    "an upgrade to HTTP/2",
    post(
      `Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nContent-Length: ${HIDDEN.length}`,
      HIDDEN,
    ),
  ],
];

let server: TestServer;
let admin: { readonly authorization: string };
beforeAll(async () => {
  server = await openSecured({ anonymous: { publish: ["open", "hidden"], subscribe: ["open"] } });
  admin = await bearer({ admin: ["**"] });
  for (const name of ["victim/0", "victim/1", "victim/2"]) await server.tidings.publish(name, name);
});
afterAll(async () => server[Symbol.asyncDispose]());

/** Sends it, and says that this was all; answers what comes until the other side has ended it, too. */
async function answerTo(port: number, bytes: string): Promise<string> {
  await using client = await RawClient.open(port);
  client.send(bytes);
  // A shape that leaves the receiver waiting ends with this, and one that was answered is over.
  client.socket.end();
  return await client.closed();
}

/** That nothing was done but what was asked for, and that others get the answers to their own requests. */
async function checkOthers(port: number): Promise<void> {
  for (let each = 0; each < 3; each++) {
    const page = await send(`http://127.0.0.1:${port}/channels/victim/${each}`, { headers: admin });
    expect([page.status, page.json()]).toEqual([
      200,
      expect.objectContaining({ messages: [expect.objectContaining({ data: `victim/${each}` })] }),
    ]);
  }
  const hidden = await send(`${server.url}/channels/hidden`, { headers: admin });
  expect(hidden.json()).toMatchObject({ messages: [] });
}

describe("a request that is hidden in another one, sent to the server itself", () => {
  test.each(AMBIGUOUS)("%s: the whole is refused, and the connection ends", async (_, bytes) => {
    const answer = await answerTo(server.port, bytes);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer.match(/^HTTP\/1\.1 \d/gm)).toHaveLength(1);
    await checkOthers(server.port);
  });

  test.each(PLAIN)("%s: it is no request of its own", async (_, bytes) => {
    const answer = await answerTo(server.port, bytes);
    expect((answer.match(/^HTTP\/1\.1 (?!100)\d/gm) ?? []).length).toBeLessThanOrEqual(1);
    await checkOthers(server.port);
  });
});

describe.each(Object.entries(PROXIES))(
  "a request that is hidden in another one, sent through %s",
  (_name, way) => {
    const skipped = skippedWithout(way);
    describe.skipIf(skipped !== undefined)(skipped ?? "with its connections shared", () => {
      let proxy: Proxy;
      beforeAll(async () => void (proxy = await openProxy(way, server.port)));
      afterAll(async () => proxy[Symbol.asyncDispose]());

      test("the proxy itself refuses it where it stands openly", async () => {
        expect(await answerTo(proxy.port, HIDDEN)).toMatch(/^HTTP\/1\.1 403 /);
        await checkOthers(proxy.port);
      });

      test.each([...AMBIGUOUS, ...PLAIN])(
        "%s: is never done, and answered to nobody else",
        async (_, bytes) => {
          await answerTo(proxy.port, bytes);
          await checkOthers(proxy.port);
        },
      );
    });
  },
);
