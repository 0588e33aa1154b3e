import { type Random, send, testWithSeeds } from "@tidings/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RawClient } from "../../support/raw-client.ts";
import { handshake } from "../../support/raw-web-socket.ts";
import type { TestServer } from "../../support/logs.ts";
import { bearer, openSecured } from "../../support/secured.ts";

const TEXT = { "content-type": "text/plain" };
const KEPT = "what only others may read";

let server: TestServer;
let mine: { readonly authorization: string };
let cursor: string | undefined;
beforeAll(async () => {
  server = await openSecured();
  const all = { subscribe: ["mine/**"], publish: ["mine/**"], presence: ["mine/**"], command: ["mine.*"] };
  mine = await bearer({ ...all, admin: ["mine/**"] });
  ({ cursor } = await server.tidings.publish("kept/x", KEPT));
});
afterAll(async () => server[Symbol.asyncDispose]());

/** What one request on a connection of its own is answered, as it was sent: clients tidy URLs up. */
async function answerTo(
  method: string,
  target: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<string> {
  await using client = await RawClient.open(server.port);
  const all = { Host: "127.0.0.1", ...mine, "Content-Type": "text/plain", ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  const body = method === "GET" || method === "HEAD" ? "" : "x";
  client.send(
    `${method} ${target} HTTP/1.1\r\n${lines.join("")}Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
  );
  return await client.closed();
}

function statusOf(answer: string): number {
  return Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);
}

/** Ways to write the path of a channel that the token is not for, and some that lead nowhere. */
const TARGETS = [
  "/channels/kept/x",
  "/channels/mine/../kept/x",
  "/channels/mine/%2e%2e/kept/x",
  "/channels/mine/%2E%2E%2Fkept%2Fx",
  "/channels/mine%2f..%2fkept%2fx",
  "/channels/kept%2Fx",
  "/channels/kept%252Fx",
  "/channels/%6b%65%70%74/x",
  "/%63hannels/kept/x",
  "/channels%2Fkept/x",
  "//channels/kept/x",
  "//127.0.0.1/channels/kept/x",
  "/channels//kept/x",
  "/channels/./kept/x",
  "/channels/kept/x/",
  "/channels/kept/x/.",
  "/channels/kept/x%00",
  "/channels/kept/x%00/mine/a",
  "/channels/mine/a%00/../../kept/x",
  // Overlong forms of "/" and "k" (RFC 3629 §3), which are no UTF-8.
  "/channels/kept%c0%afx",
  "/channels/kept%e0%80%afx",
  "/channels/%c1%abept/x",
  "/channels/kept%ef%bc%8fx",
  "/channels/kept%5cx",
  "/channels/kept\\x",
  "/channels/kept/x;mine/a",
  "/channels/kept/x#/mine/a",
  "/channels/mine/a#/../kept/x",
  "/channels/kept/x?channel=mine/a",
  "http://127.0.0.1/channels/kept/x",
  "http://mine/channels/kept/x",
  "HTTP://127.0.0.1//channels/kept/x",
  "http://127.0.0.1@mine/channels/kept/x",
  "/channels/KEPT/x",
  "/channels/*",
  "/channels/**",
  "/channels/mine/**",
  "/channels/$tidings/revocations",
  "/channels/%24tidings/revocations",
  "/presence/kept/x",
  "/presence/mine%2f..%2fkept%2fx",
  "/commands/kept.x",
  "/commands/mine.x/../kept.x",
  "/commands/kept%2ex",
  "/connections/..%2fchannels%2fkept%2fx",
  "/tickets/../channels/kept/x",
];

describe("however the path of a channel is written, it is not reached without its grant", () => {
  test.each(TARGETS)("%s", async (target) => {
    for (const method of ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]) {
      const answer = await answerTo(method, target);
      expect(statusOf(answer), `${method}: ${answer}`).toBeGreaterThanOrEqual(400);
      expect(statusOf(answer), `${method}: ${answer}`).toBeLessThan(500);
      expect(answer).not.toContain(KEPT);
    }
    for (const accept of ["text/event-stream", "application/x-ndjson"])
      expect(
        statusOf(await answerTo("GET", `${target}?since=earliest`, { Accept: accept })),
        accept,
      ).not.toBe(200);
    await using socket = await RawClient.open(server.port);
    socket.send(handshake(target, { ...mine }));
    expect(statusOf(await socket.until("\r\n\r\n")), "as a WebSocket").toBeGreaterThanOrEqual(400);
    // Nothing was published, deleted or truncated by any of them.
    const page = await send(`${server.url}/channels/kept/x`, { headers: await bearer({ admin: ["**"] }) });
    expect(page.json()).toMatchObject({ messages: [{ data: KEPT }], cursor });
  });

  test.each(["/channels/%6dine/a", "/channels/mine%2Fa", "/channels/mine%2fa?", "/%63hannels/mine/a"])(
    "%s is the channel of its decoded name, for the grant and for what is done",
    async (target) => {
      const before = await headOf("mine/a");
      expect(statusOf(await answerTo("POST", target))).toBe(201);
      expect(await headOf("mine/a")).not.toBe(before);
    },
  );
});

async function headOf(channel: string): Promise<unknown> {
  const answer = await send(`${server.url}/channels/${channel}`, { method: "HEAD", headers: mine });
  return answer.headers["tidings-cursor"];
}

describe("a channel beside others on one connection is not reached without its grant", () => {
  test.each([
    "/connect?channel=mine/a&channel=kept/x&since=earliest",
    "/connect?channel=kept/x@earliest",
    "/connect?channel=mine%2fa&channel=kept%2fx@earliest",
    "/connect?channel=mine/a@earliest%26channel=kept/x@earliest",
    "/connect?channel=mine/a%00kept/x",
    "/connect?channel=mine/a&channel=mine/../kept/x",
  ])("%s", async (target) => {
    expect(statusOf(await answerTo("GET", target))).toBeGreaterThanOrEqual(400);
    await using stream = await RawClient.open(server.port);
    const lines = Object.entries({ Host: "127.0.0.1", ...mine, Accept: "text/event-stream" });
    stream.send(
      `GET ${target} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`,
    );
    const first = await stream.until("\r\n\r\n");
    // A stream tells what it may not, and goes on with the others.
    if (statusOf(first) === 200) expect(await stream.until("FORBIDDEN")).not.toContain(KEPT);
  });

  test("a made-up Last-Event-ID adds no channel", async () => {
    const epoch = String(cursor).split(".")[0];
    const answer = await answerTo("GET", "/connect?channel=mine/a", {
      "Last-Event-ID": `kept/x@${epoch}.0`,
    });
    expect([statusOf(answer), answer.includes(KEPT)]).toEqual([403, false]);
  });

  test.each([
    '{"subscribe":[{"channel":"mine/a"},{"channel":"kept/x","since":"earliest"}]}',
    '{"subscribe":[{"channel":"mine/a","channel":"kept/x","since":"earliest"}]}',
    '{"subscribe":[{"channel":"kept/x","last":9}],"subscribe":[{"channel":"mine/a"},{"channel":"kept/x"}]}',
    '{"subscribe":[{"channel":"mine/a"}],"join":[{"channel":"kept/x","member":"me"}]}',
    '{"subscribe":[{"channel":"mine\\u002f..\\u002fkept/x"}]}',
    '{"subscribe":[{"channel":"mine/a","__proto__":{"channel":"kept/x"}}]}',
    '{"__proto__":{"subscribe":[{"channel":"kept/x","since":"earliest"}]}}',
  ])("%s", async (body) => {
    const headers = { ...mine, "content-type": "application/json" };
    const answer = await send(`${server.url}/connect`, { method: "POST", headers, body });
    expect([400, 403], answer.text).toContain(answer.status);
    expect(answer.text).not.toContain(KEPT);
  });
});

/** The name in one of the ways that a URL may write it, more often than not with characters that need not be encoded. */
function written(random: Random, name: string): string {
  return name
    .split("")
    .map((character) => {
      if (random.chance(0.6)) return character;
      const hex = character.charCodeAt(0).toString(16).padStart(2, "0");
      return `%${random.chance(0.5) ? hex.toUpperCase() : hex}`;
    })
    .join("");
}

describe("the grant is asked for the name that is used", () => {
  testWithSeeds(
    "whatever of it is percent-encoded, over HTTP and WebSocket alike",
    [31, 32, 33],
    async (random) => {
      for (let each = 0; each < 20; each++) {
        const name = `${random.chance(0.5) ? "mine" : "kept"}/${random.int(0, 9)}.a-b_~`;
        const path = `/channels/${written(random, name)}`;
        const isMine = name.startsWith("mine");
        expect(statusOf(await answerTo("POST", path)), path).toBe(isMine ? 201 : 403);
        await using socket = await RawClient.open(server.port);
        socket.send(handshake(path, { ...mine }));
        expect(statusOf(await socket.until("\r\n\r\n")), path).toBe(isMine ? 101 : 403);
        const plain = await send(`${server.url}/channels/${name}`, {
          method: "POST",
          headers: { ...mine, ...TEXT },
          body: "x",
        });
        expect(plain.status, name).toBe(isMine ? 201 : 403);
      }
    },
  );
});
