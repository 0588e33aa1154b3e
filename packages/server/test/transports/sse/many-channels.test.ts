import { parsePosition, SseDecoder, type SseEvent } from "@tidings/protocol";
import { publish, publishNumbers, send } from "@tidings/testing";
import { describe, expect, test } from "vitest";
import { openServer } from "../../support/logs.ts";
import { getRequest, RawClient } from "../../support/raw-client.ts";

/** Blocks of `/connect` as a browser takes them. */
async function connect(port: number, query: string, lastEventId?: string): Promise<RawClient> {
  const client = await RawClient.open(port);
  client.send(
    getRequest(`/connect?${query}`, {
      Accept: "text/event-stream",
      ...(lastEventId === undefined ? {} : { "Last-Event-ID": lastEventId }),
    }),
  );
  await client.until("\r\n\r\n");
  return client;
}

/** The events up to and with the first that fits, and the last event id then. */
async function eventsUntil(
  client: RawClient,
  fits: (event: SseEvent, events: readonly SseEvent[]) => boolean,
): Promise<{ events: SseEvent[]; id: string }> {
  const events: SseEvent[] = [];
  let id = "";
  let isDone = false;
  const decoder = new SseDecoder({
    event: (event) => {
      events.push(event);
      id = event.lastEventId;
      isDone ||= fits(event, events);
    },
    position: (lastEventId) => (id = lastEventId),
  });
  // The position that follows an event is a block of its own.
  for (let isLast = false; !isLast;) {
    isLast = isDone;
    decoder.push(Buffer.from(await client.until("\n\n")));
  }
  return { events, id };
}

const caughtUpOn =
  (count: number) =>
  (_: SseEvent, events: readonly SseEvent[]): boolean =>
    events.filter(({ event }) => event === "tidings.caught-up").length === count;

function dataOf(events: readonly SseEvent[]): readonly [string, unknown][] {
  return events
    .filter(({ event }) => !event.startsWith("tidings."))
    .map(({ data }) => JSON.parse(data) as { channel: string; data: unknown })
    .map(({ channel, data }) => [channel, data] as [string, unknown]);
}

describe("many channels on one event stream", () => {
  test("the stream begins with a welcome that names the connection", async () => {
    await using server = await openServer({ limits: { heartbeatMs: 9_000, maxChannelsPerConnection: 7 } });
    await using client = await connect(server.port, "channel=a");
    const { events } = await eventsUntil(client, caughtUpOn(1));
    expect(events[0]?.event).toBe("tidings.welcome");
    const welcome = JSON.parse(events[0]?.data ?? "") as object;
    expect(welcome).toMatchObject({
      heartbeatMs: 9_000,
      limits: { maxChannelsPerConnection: 7 },
      connection: expect.stringMatching(/^[\w-]{16,}$/) as string,
    });
  });

  test("after each flush an id alone says where the connection stands in all channels", async () => {
    await using server = await openServer();
    await publishNumbers(server.url, "b", 1, 4);
    await using client = await connect(server.port, "channel=a&channel=b");
    const { id } = await eventsUntil(client, caughtUpOn(2));
    const at = [...(parsePosition(id) ?? [])].map(([channel, { offset }]) => [channel, offset]);
    expect(at).toEqual([
      ["a", 0],
      ["b", 4],
    ]);
    await publish(server.url, "a", "1");
    const { id: next } = await eventsUntil(client, () => true);
    expect([...(parsePosition(next) ?? [])].map(([channel, { offset }]) => [channel, offset])).toEqual([
      ["a", 1],
      ["b", 4],
    ]);
  });

  test("that position as Last-Event-ID resumes all channels, whatever the URL says", async () => {
    await using server = await openServer();
    await publishNumbers(server.url, "a", 1, 3);
    await publishNumbers(server.url, "b", 1, 3);
    const query = "channel=a&channel=b&channel=c&since=earliest";
    const first = await connect(server.port, query);
    const { id } = await eventsUntil(first, caughtUpOn(3));
    await first[Symbol.asyncDispose]();
    await publish(server.url, "a", "4");
    await publish(server.url, "c", "1");
    await using again = await connect(server.port, query, id);
    const { events } = await eventsUntil(again, caughtUpOn(3));
    expect(dataOf(events)).toEqual(
      expect.arrayContaining([
        ["a", 4],
        ["c", 1],
      ]),
    );
    expect(dataOf(events)).toHaveLength(2);
  });

  test("channels that PATCH added are resumed too, though the browser's URL does not name them", async () => {
    await using server = await openServer();
    const first = await connect(server.port, "channel=a");
    const { events } = await eventsUntil(first, caughtUpOn(1));
    const { connection } = JSON.parse(events[0]?.data ?? "") as { connection: string };
    await send(`${server.url}/connections/${connection}`, {
      method: "PATCH",
      body: JSON.stringify({ subscribe: [{ channel: "b" }] }),
    });
    const { id } = await eventsUntil(first, caughtUpOn(1));
    await first[Symbol.asyncDispose]();
    await publish(server.url, "b", "1");
    await using again = await connect(server.port, "channel=a", id);
    expect(dataOf((await eventsUntil(again, caughtUpOn(2))).events)).toEqual([["b", 1]]);
  });

  test("a position that would not fit into a header is refused, at the start and by PATCH", async () => {
    await using server = await openServer({ limits: { maxPositionBytes: 120 } });
    const accept = { accept: "text/event-stream" };
    const refused = await send(`${server.url}/connect?channel=a&channel=b&channel=c`, { headers: accept });
    expect([refused.status, refused.json()]).toEqual([
      400,
      expect.objectContaining({ code: "POSITION_TOO_LARGE" }),
    ]);
    await using client = await connect(server.port, "channel=a&channel=b");
    const { events } = await eventsUntil(client, caughtUpOn(2));
    const { connection } = JSON.parse(events[0]?.data ?? "") as { connection: string };
    const patch = async (body: object): Promise<number> =>
      (await send(`${server.url}/connections/${connection}`, { method: "PATCH", body: JSON.stringify(body) }))
        .status;
    expect(await patch({ subscribe: [{ channel: "c" }] })).toBe(400);
    expect(await patch({ subscribe: [{ channel: "c" }], unsubscribe: ["a"] })).toBe(200);
  });

  test("an empty Last-Event-ID, as browsers never send it, is as none", async () => {
    await using server = await openServer();
    await publishNumbers(server.url, "a", 1, 2);
    await using client = await connect(server.port, "channel=a&since=earliest", "");
    expect(dataOf((await eventsUntil(client, caughtUpOn(1))).events)).toEqual([
      ["a", 1],
      ["a", 2],
    ]);
  });

  test("one channel that cannot be read is an event, and the others go on", async () => {
    await using server = await openServer({
      policies: [{ pattern: "short", retention: { maxMessages: 1 } }],
    });
    const { cursor } = await publish(server.url, "short", "1");
    for (const body of ["2", "3"]) await publish(server.url, "short", body);
    await using client = await connect(server.port, `channel=a&channel=short@${cursor}&gap=fail`);
    const { events } = await eventsUntil(client, caughtUpOn(1));
    expect(events.find(({ event }) => event === "tidings.error")?.data).toMatch(
      /"channel":"short","code":"CURSOR_GONE"/,
    );
    await publish(server.url, "a", "1");
    expect(dataOf((await eventsUntil(client, ({ event }) => event === "message")).events)).toEqual([
      ["a", 1],
    ]);
  });
});
