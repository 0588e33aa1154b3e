import { ndjsonDriver, send, type TransportStream, untilCaughtUp } from "@tidings/testing";
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
async function refusal(server: TestServer, id: string | undefined, body: string): Promise<object> {
  const answer = await send(`${server.url}/connections/${id}`, { method: "PATCH", body });
  return { status: answer.status, ...(answer.json() as object) };
}

describe("PATCH /connections/{id}", () => {
  test.each([
    ["broken JSON", "{", 400, "BODY_INVALID"],
    ["a list", "[]", 400, "BODY_INVALID"],
    ["an unknown member", `{"subscribe":[{"channel":"b","sinse":"latest"}]}`, 400, "BODY_INVALID"],
    ["a channel that is a number", `{"subscribe":[{"channel":7}]}`, 400, "BODY_INVALID"],
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

  test("with nothing in it changes nothing", async () => {
    await using server = await openServer();
    await using stream = await open(server);
    expect(await refusal(server, stream.connection, "{}")).toEqual({ status: 200, channels: {} });
  });
});
