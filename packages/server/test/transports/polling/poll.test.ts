import { type Answer, publish, publishNumbers, send } from "@tidings/testing";
import { describe, expect, test } from "vitest";
import { held, untilHeld } from "../../support/held.ts";
import { openServer } from "../../support/logs.ts";
import { getRequest, RawClient } from "../../support/raw-client.ts";

interface Page {
  readonly messages: readonly { readonly data: unknown }[];
  readonly cursor: string;
  readonly caughtUp: boolean;
}

const pageOf = (answer: Answer): Page => answer.json() as Page;

describe("a short poll", () => {
  test("answers a page, where to go on, and whether there was more", async () => {
    await using server = await openServer();
    await publishNumbers(server.url, "a", 1, 5);
    const first = pageOf(await send(`${server.url}/channels/a?limit=3`));
    expect(first.messages.map(({ data }) => data)).toEqual([1, 2, 3]);
    expect(first.caughtUp).toBe(false);
    const second = pageOf(await send(`${server.url}/channels/a?limit=3&since=${first.cursor}`));
    expect(second.messages.map(({ data }) => data)).toEqual([4, 5]);
    expect(second.caughtUp).toBe(true);
    expect(pageOf(await send(`${server.url}/channels/a?since=${second.cursor}`))).toEqual({
      messages: [],
      cursor: second.cursor,
      caughtUp: true,
    });
  });

  test("has a strong ETag; the same page asked again is a 304 without a body", async () => {
    await using server = await openServer();
    await publishNumbers(server.url, "a", 1, 2);
    const first = await send(`${server.url}/channels/a`);
    const etag = String(first.headers["etag"]);
    expect(etag).toMatch(/^"[\w-]{22}"$/);
    expect(first.headers["cache-control"]).toBe("no-cache");
    for (const condition of [etag, `"other", ${etag}`, `W/${etag}`, "*"]) {
      const again = await send(`${server.url}/channels/a`, { headers: { "if-none-match": condition } });
      expect([again.status, again.text, again.headers["etag"]], condition).toEqual([304, "", etag]);
    }
    await publishNumbers(server.url, "a", 3, 3);
    const changed = await send(`${server.url}/channels/a`, { headers: { "if-none-match": etag } });
    expect([changed.status, changed.headers["etag"] === etag]).toEqual([200, false]);
  });

  test("a truncated channel's page has another ETag, though its cursor is the same", async () => {
    await using server = await openServer();
    const { cursor } = await publishNumbers(server.url, "a", 1, 2);
    const { headers } = await send(`${server.url}/channels/a`);
    await send(`${server.url}/channels/a`, { method: "DELETE" });
    const after = await send(`${server.url}/channels/a`, {
      headers: { "if-none-match": String(headers["etag"]) },
    });
    expect([after.status, pageOf(after)]).toEqual([200, { messages: [], cursor, caughtUp: true }]);
  });

  test("HEAD tells the head, and what is kept and for how long, without a body", async () => {
    await using server = await openServer({ policies: [{ pattern: "a", retention: { maxMessages: 3 } }] });
    const { cursor } = await publishNumbers(server.url, "a", 1, 5);
    const [epoch] = cursor.split(".");
    const head = await send(`${server.url}/channels/a`, { method: "HEAD" });
    expect([head.status, head.text]).toEqual([200, ""]);
    expect(head.headers).toMatchObject({
      etag: `"${cursor}"`,
      "tidings-cursor": cursor,
      "tidings-earliest": `${epoch}.2`,
      "tidings-messages": "3",
      "tidings-retention": "messages=3, bytes=67108864, age-ms=86400000",
    });
  });

  test("a limit above the server's, or below one, is refused", async () => {
    await using server = await openServer({ limits: { maxPageMessages: 10 } });
    await publishNumbers(server.url, "a", 1, 20);
    expect(pageOf(await send(`${server.url}/channels/a`)).messages).toHaveLength(10);
    expect(pageOf(await send(`${server.url}/channels/a?limit=10`)).messages).toHaveLength(10);
    for (const limit of ["11", "0", "-1", "x", "1.5", ""]) {
      const refused = await send(`${server.url}/channels/a?limit=${limit}`);
      expect([refused.status, refused.json()], limit).toEqual([
        400,
        expect.objectContaining({ code: "QUERY_INVALID", field: "limit" }),
      ]);
    }
  });

  test("a page ends before it has more bytes than the limit, and always holds one message", async () => {
    await using server = await openServer({ limits: { maxPageBytes: 1_000 } });
    for (let each = 0; each < 3; each++) await publish(server.url, "a", `"${"x".repeat(600)}"`);
    await publish(server.url, "a", `"${"y".repeat(5_000)}"`);
    const sizes: number[] = [];
    let since = "earliest";
    for (let page: Page | undefined; page?.caughtUp !== true; since = page.cursor) {
      page = pageOf(await send(`${server.url}/channels/a?since=${since}`));
      sizes.push(page.messages.length);
    }
    expect(sizes).toEqual([1, 1, 1, 1]);
  });
});

describe("a long poll", () => {
  test("is answered at once where there is something already", async () => {
    await using server = await openServer();
    await publishNumbers(server.url, "a", 1, 2);
    const answer = await send(`${server.url}/channels/a?wait=60`);
    expect(pageOf(answer).messages).toHaveLength(2);
    expect(answer.headers["cache-control"]).toBe("no-store");
    expect(answer.headers["etag"]).toBeUndefined();
  });

  test("is held until a message comes, and brings all of its flush", async () => {
    await using server = await openServer();
    const polled = send(`${server.url}/channels/a?wait=60`);
    await untilHeld(server.url, 1);
    await publishNumbers(server.url, "a", 1, 3);
    expect(pageOf(await polled).messages.map(({ data }) => data)).toEqual([1, 2, 3]);
    await untilHeld(server.url, 0);
  });

  test("brings what one moment had for several channels together", async () => {
    await using server = await openServer();
    const polled = send(`${server.url}/connect?channel=a&channel=b&wait=60`);
    await untilHeld(server.url, 1);
    await Promise.all([server.tidings.publish("a", 1), server.tidings.publish("b", 2)]);
    const page = (await polled).json() as { messages: { channel: string; data: number }[]; cursors: object };
    expect(page.messages.map(({ channel, data }) => [channel, data])).toEqual([
      ["a", 1],
      ["b", 2],
    ]);
    expect(Object.keys(page.cursors)).toEqual(["a", "b"]);
  });

  test("is over after its time with an empty page, from which the next one goes on", async () => {
    await using server = await openServer();
    const { cursor } = await publishNumbers(server.url, "a", 1, 1);
    const answer = await send(`${server.url}/channels/a?since=${cursor}&wait=0.05`);
    expect([answer.status, pageOf(answer)]).toEqual([200, { messages: [], cursor, caughtUp: true }]);
  });

  test("can be asked for by Prefer: wait=N (RFC 7240 §4.3), and says so; longer than the limit is cut to it", async () => {
    await using server = await openServer({ limits: { longPollMaxMs: 50 } });
    const answer = await send(`${server.url}/channels/a`, { headers: { prefer: "respond-async, wait=600" } });
    expect(answer.headers["preference-applied"]).toBe("wait=0.05");
    expect(pageOf(answer).messages).toEqual([]);
    const cut = await send(`${server.url}/channels/a?wait=600`);
    expect(pageOf(cut).messages).toEqual([]);
  });

  test("a preference that cannot be read is passed over (RFC 7240 §2), a parameter that cannot is refused", async () => {
    await using server = await openServer();
    expect(
      (await send(`${server.url}/channels/a`, { headers: { prefer: "wait=soon" } })).headers[
        "preference-applied"
      ],
    ).toBeUndefined();
    for (const wait of ["soon", "-1", "1e9", "NaN"])
      expect((await send(`${server.url}/channels/a?wait=${wait}`)).status, wait).toBe(400);
  });

  test("is let go when its client goes away", async () => {
    await using server = await openServer();
    const clients = await Promise.all(Array.from({ length: 5 }, async () => RawClient.open(server.port)));
    for (const client of clients) client.send(getRequest("/channels/a?wait=60"));
    await untilHeld(server.url, 5);
    for (const client of clients) await client[Symbol.asyncDispose]();
    await untilHeld(server.url, 0);
  });

  test("counts as a connection: one more than the limit is refused", async () => {
    await using server = await openServer({ limits: { maxConnections: 1 } });
    const polled = send(`${server.url}/channels/a?wait=60`);
    await untilHeld(server.url, 1);
    const refused = await send(`${server.url}/channels/a?wait=60`);
    expect([refused.status, refused.headers["retry-after"]]).toEqual([
      503,
      expect.stringMatching(/^[123]$/) as string,
    ]);
    expect(await held(server.url)).toBe(1);
    await publishNumbers(server.url, "a", 1, 1);
    await polled;
    expect(pageOf(await send(`${server.url}/channels/a?wait=60`)).messages).toHaveLength(1);
  });
});
