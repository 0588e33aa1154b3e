import { setImmediate as nextTurn } from "node:timers/promises";
import { parsePosition, SseDecoder } from "@tidings/protocol";
import { publishNumbers, type Random, testWithSeeds } from "@tidings/testing";
import { describe, expect } from "vitest";
import { openServer, type TestServer } from "../../support/logs.ts";
import { getRequest, RawClient } from "../../support/raw-client.ts";

const CHANNELS = ["a", "b", "c"];
const TOTAL = 60;

/** What a browser would know after some bytes of a stream, and then the cut. */
interface Seen {
  readonly messages: readonly { readonly channel: string; readonly data: number }[];
  readonly lastEventId: string;
}

/** Reads a number of bytes of `/connect` as a browser would, from a position on, and cuts. */
async function readAndCut(server: TestServer, bytes: number, lastEventId: string): Promise<Seen> {
  await using client = await RawClient.open(server.port);
  const query = CHANNELS.map((channel) => `channel=${channel}`).join("&");
  const resumed: Record<string, string> = lastEventId === "" ? {} : { "Last-Event-ID": lastEventId };
  client.send(getRequest(`/connect?${query}&since=earliest`, { Accept: "text/event-stream", ...resumed }));
  await client.until("\r\n\r\n");
  const messages: { channel: string; data: number }[] = [];
  let position = lastEventId;
  const decoder = new SseDecoder({
    event: (event) => {
      position = event.lastEventId === "" ? position : event.lastEventId;
      const message = JSON.parse(event.data) as {
        type: string;
        cursor?: string;
        channel: string;
        data: number;
      };
      if (message.type === "message" && message.cursor !== undefined) messages.push(message);
    },
    position: (id) => (position = id),
  });
  decoder.push(await takeAnyway(server, client, bytes));
  return { messages, lastEventId: position };
}

/** Takes this many bytes; where there are not so many, something is published that nobody keeps. */
async function takeAnyway(server: TestServer, client: RawClient, bytes: number): Promise<Buffer> {
  let isTaken = false;
  const taken = client.take(bytes).finally(() => (isTaken = true));
  while (!isTaken) {
    await server.tidings.publish("a", "filler", { ephemeral: true });
    await nextTurn();
  }
  return taken;
}

/** Reads in pieces of random length until everything was seen. */
async function readInPieces(server: TestServer, random: Random): Promise<void> {
  const at = new Map(CHANNELS.map((channel) => [channel, 0]));
  let lastEventId = "";
  while ([...at.values()].some((seen) => seen < TOTAL)) {
    // What the position says, and no more, may come again.
    const resumed = parsePosition(lastEventId) ?? new Map();
    const seen = await readAndCut(server, random.int(200, 4_000), lastEventId);
    for (const { channel, data } of seen.messages) {
      const known = at.get(channel) ?? 0;
      expect(data, `the next message of ${channel}`).toBeLessThanOrEqual(known + 1);
      expect(data, `a repeat in ${channel}`).toBeGreaterThan(Number(resumed.get(channel)?.offset ?? 0));
      at.set(channel, Math.max(known, data));
    }
    lastEventId = seen.lastEventId;
  }
}

describe("a browser whose stream of many channels is cut at any byte", () => {
  testWithSeeds(
    "misses nothing, and has again at most what came after the last position",
    [1, 2, 3, 4, 5, 6],
    async (random) => {
      // Small pages, since a position follows each: cut before the first one, a client begins where it began before.
      await using server = await openServer({ limits: { maxPageBytes: 500 } });
      const publishing = Promise.all(
        CHANNELS.map(async (channel) => {
          for (let next = 1; next <= TOTAL;) {
            const to = Math.min(TOTAL, next + random.int(0, 7));
            await publishNumbers(server.url, channel, next, to);
            next = to + 1;
          }
        }),
      );
      await readInPieces(server, random);
      await publishing;
    },
  );
});
