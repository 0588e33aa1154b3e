import {
  type Body,
  ndjsonDriver,
  publish,
  send,
  sseDriver,
  take,
  type TransportStream,
  untilCaughtUp,
  webSocketDriver,
} from "@tidings/testing";
import { describe, expect, test } from "vitest";
import { untilHeld } from "../support/held.ts";
import { openServer, type TestServer } from "../support/logs.ts";
import { RawClient } from "../support/raw-client.ts";

async function open(server: TestServer): Promise<TransportStream> {
  const stream = await ndjsonDriver({ isMulti: true }).open(server.url, { channels: ["a"], since: "latest" });
  await untilCaughtUp(stream);
  return stream;
}

/** What is wrong with a PATCH, as its problem says. */
async function refusal(server: TestServer, id: string | undefined, body: Body): Promise<object> {
  const answer = await send(`${server.url}/connections/${id}`, { method: "PATCH", body });
  return { status: answer.status, ...(answer.json() as object) };
}

describe("PATCH /connections/{id}", () => {
  test.each([
    ["broken JSON", "{", 400, "BODY_INVALID"],
    ["a list", "[]", 400, "BODY_INVALID"],
    ["an unknown member", `{"subscribe":[{"channel":"b","sinse":"latest"}]}`, 400, "BODY_INVALID"],
    ["a channel that is a number", `{"subscribe":[{"channel":7}]}`, 400, "BODY_INVALID"],
    ["a token that is a number", `{"token":7}`, 400, "BODY_INVALID"],
    ["bytes that are no UTF-8", Buffer.from([0x7b, 0xff, 0x7d]), 400, "BODY_INVALID"],
    [
      "a hundred thousand entries that are wrong",
      `{"unsubscribe":[${"1,".repeat(100_000)}1]}`,
      400,
      "BODY_INVALID",
    ],
    ["no events at all", `{"subscribe":[{"channel":"b","events":[]}]}`, 400, "BODY_INVALID"],
    [
      "an event of the system's",
      `{"subscribe":[{"channel":"b","events":["tidings.gap"]}]}`,
      400,
      "EVENT_NAME_INVALID",
    ],
    [
      "more events than a filter may have",
      `{"subscribe":[{"channel":"b","events":["1","2","3"]}]}`,
      400,
      "QUERY_INVALID",
    ],
    [
      "more channels than a connection may have",
      `{"subscribe":[{"channel":"b"},{"channel":"c"}]}`,
      400,
      "TOO_MANY_CHANNELS",
    ],
    ["since and last", `{"subscribe":[{"channel":"b","since":"latest","last":1}]}`, 400, "QUERY_INVALID"],
    ["a body of megabytes", `{"unsubscribe":["${"x".repeat(300_000)}"]}`, 413, "BATCH_TOO_LARGE"],
  ])("with %s is refused", async (_, body, status, code) => {
    await using server = await openServer({ limits: { maxFilterEvents: 2, maxChannelsPerConnection: 2 } });
    await using stream = await open(server);
    expect(await refusal(server, stream.connection, body)).toMatchObject({ status, code });
  });

  test("is refused for a connection that is not there, or that is not one of many channels", async () => {
    await using server = await openServer();
    expect(await refusal(server, "nobody", "{}")).toMatchObject({ status: 404, code: "CONNECTION_UNKNOWN" });
    await using single = await ndjsonDriver({ isMulti: false }).open(server.url, { channels: ["a"] });
    await untilCaughtUp(single);
    expect(single.connection).toBeUndefined();
  });

  test("is answered although the connection ends while the body is on its way", async () => {
    await using server = await openServer();
    const stream = await open(server);
    await using client = await RawClient.open(server.port);
    const body = `{"subscribe":[{"channel":"b"}]}`;
    client.send(
      `PATCH /connections/${stream.connection} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n{`,
    );
    stream.cut();
    await untilHeld(server.url, 0);
    client.send(body.slice(1));
    expect(await client.until("}")).toMatch(/^HTTP\/1\.1 404 [\s\S]*CONNECTION_UNKNOWN/);
  });

  test("with a token is taken, on streams and WebSockets, and changes nothing in this version", async () => {
    await using server = await openServer();
    const drivers = [
      ndjsonDriver({ isMulti: true, isPosted: true }),
      sseDriver({ isMulti: true }),
      webSocketDriver({ v1: true, isMulti: true }),
    ];
    for (const driver of drivers) {
      await using stream = await driver.open(server.url, { channels: ["a"], since: "latest" });
      await untilCaughtUp(stream);
      expect(await refusal(server, stream.connection, `{"token":"eyJ…"}`)).toEqual({
        status: 200,
        channels: {},
      });
      expect(
        await refusal(server, stream.connection, `{"token":"eyJ…","subscribe":[{"channel":"b"}]}`),
      ).toMatchObject({ status: 200, channels: { b: expect.any(String) as string } });
      await publish(server.url, "a", "1");
      await take(stream, 1);
    }
  });

  test("with nothing in it changes nothing", async () => {
    await using server = await openServer();
    await using stream = await open(server);
    expect(await refusal(server, stream.connection, "{}")).toEqual({ status: 200, channels: {} });
  });
});

describe("PATCH /connections/{id} with Prefer: handling=lenient (RFC 7240 §4.4)", () => {
  const lenient = async (server: TestServer, id: string | undefined, body: object): Promise<object> => {
    const answer = await send(`${server.url}/connections/${id}`, {
      method: "PATCH",
      body: JSON.stringify(body),
      headers: { prefer: "handling=lenient" },
    });
    expect(answer).toMatchObject({ status: 200, headers: { "preference-applied": "handling=lenient" } });
    return answer.json() as object;
  };

  test("tells in the stream what is wrong with a channel, and does the rest", async () => {
    await using server = await openServer({
      limits: { maxChannelsPerConnection: 4 },
      policies: [{ pattern: "closed", presence: false }],
    });
    await using stream = await open(server);
    const subscribe = [
      { channel: "b//b" },
      { channel: "b", since: "nonsense" },
      { channel: "closed", presence: true },
    ];
    const unsubscribe = ["a", "never"];
    expect(
      await lenient(server, stream.connection, { subscribe: [...subscribe, { channel: "c" }], unsubscribe }),
    ).toEqual({
      channels: { c: expect.stringMatching(/\.0$/) as string },
    });
    const events = await untilCaughtUp(stream);
    const refused = events.flatMap((event) => (event.type === "error" ? [[event.channel, event.code]] : []));
    expect(refused).toEqual([
      ["b//b", "CHANNEL_NAME_INVALID"],
      ["b", "CURSOR_INVALID"],
      ["closed", "PRESENCE_FORBIDDEN"],
    ]);
    await publish(server.url, "a", "1");
    await publish(server.url, "c", "2");
    expect(await take(stream, 1)).toMatchObject([{ channel: "c", data: "2" }]);
  });

  test("channels that are too many are told of one by one, also in a list that is longer than a connection is wide", async () => {
    await using server = await openServer({ limits: { maxChannelsPerConnection: 2 } });
    await using stream = await open(server);
    const subscribe = [{ channel: "b" }, { channel: "c" }, { channel: "d" }];
    await lenient(server, stream.connection, { subscribe });
    const events = await untilCaughtUp(stream);
    expect(events.flatMap((event) => (event.type === "error" ? [[event.channel, event.code]] : []))).toEqual([
      ["c", "TOO_MANY_CHANNELS"],
      ["d", "TOO_MANY_CHANNELS"],
    ]);
    const tooMany = Array.from({ length: 10_001 }, (_, index) => ({ channel: `${index}` }));
    const answer = await send(`${server.url}/connections/${stream.connection}`, {
      method: "PATCH",
      body: JSON.stringify({ subscribe: tooMany }),
      headers: { prefer: "handling=lenient" },
    });
    expect(answer.json()).toMatchObject({ status: 400, code: "TOO_MANY_CHANNELS", field: "subscribe" });
  });

  test("what takes the place of one that goes is read", async () => {
    await using server = await openServer({ limits: { maxChannelsPerConnection: 1 } });
    await using stream = await open(server);
    expect(
      await lenient(server, stream.connection, { unsubscribe: ["a"], subscribe: [{ channel: "b" }] }),
    ).toEqual({
      channels: { b: expect.stringMatching(/\.0$/) as string },
    });
  });
});
