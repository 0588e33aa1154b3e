import { expect, test } from "vitest";
import type { Bench } from "../case.ts";
import { dataOf, messagesOf, numbers, take, until, untilCaughtUp } from "../collect.ts";
import { publish, publishNumbers } from "../publish.ts";
import { send } from "../send.ts";
import type { TransportStream } from "../types.ts";

const MANY = 1_000;

/** Many channels on one connection. */
export function channels(bench: Bench): void {
  const { driver, log } = bench;

  test("each channel is read from its own start, and each in its own order", async () => {
    const { url } = await bench.server();
    const [a, b, c] = [bench.channel(), bench.channel(), bench.channel()];
    const cursorsA = await bench.history(url, a, 4);
    await publishNumbers(url, b, 11, 13);
    const cursors = new Map([[a, cursorsA[2] ?? ""]]);
    await using stream = await driver.open(url, { channels: [a, b, c], since: "earliest", cursors });
    const events = await untilCaughtUp(stream, 3);
    const of = (channel: string): readonly string[] =>
      dataOf(messagesOf(events).filter((message) => message.channel === channel));
    expect([of(a), of(b), of(c)]).toEqual([["3", "4"], numbers(11, 13), []]);
    await publishNumbers(url, c, 21, 21);
    expect(await take(stream, 1)).toMatchObject([{ channel: c, data: "21" }]);
  });

  test("every channel resumes from its own cursor", async () => {
    const { url } = await bench.server();
    const names = Array.from({ length: 5 }, () => bench.channel());
    let stream = await driver.open(url, { channels: names, since: "latest" });
    await untilCaughtUp(stream, names.length);
    const seen = new Map<string, string[]>(names.map((name) => [name, []]));
    for (let round = 0; round < 4; round++) {
      stream.cut();
      for (const name of names) await publishNumbers(url, name, round * 3 + 1, round * 3 + 3);
      stream = await stream.reopen();
      // Two thirds of it: every reader begins with some channels further than others.
      for (const { channel, data } of await take(stream, 10)) seen.get(channel)?.push(data);
    }
    for (const { channel, data } of await take(stream, 20)) seen.get(channel)?.push(data);
    stream.cut();
    for (const name of names) expect(seen.get(name)).toEqual(numbers(1, 12));
  });

  test(`a connection reads ${MANY} channels at once`, async () => {
    await using server = await log.open({ limits: { maxPositionBytes: 65_536 } });
    const names = Array.from({ length: MANY }, (_, index) => `m${index}`);
    await using stream = await driver.open(server.url, { channels: names, since: "latest" });
    await untilCaughtUp(stream, MANY);
    const all = Promise.all(
      names
        .filter((_, index) => index % 10 === 0)
        .map(async (name) => publish(server.url, name, `"${name}"`)),
    );
    const seen = await take(stream, MANY / 10);
    await all;
    expect(seen.every(({ channel, data }) => data === `"${channel}"`)).toBe(true);
    expect(new Set(seen.map(({ channel }) => channel)).size).toBe(MANY / 10);
  });

  test("one channel more than the limit is refused", async () => {
    await using server = await log.open({ limits: { maxChannelsPerConnection: 3 } });
    await using most = await driver.open(server.url, { channels: ["a", "b", "c"], since: "earliest" });
    await untilCaughtUp(most, 3);
    await using more = await driver.open(server.url, { channels: ["a", "b", "c", "d"], since: "earliest" });
    const events = await until(more, (event) => event.type === "error");
    expect(events.at(-1)).toMatchObject({ code: "TOO_MANY_CHANNELS" });
  });

  if (!driver.isStream) return;

  async function patch(
    url: string,
    stream: TransportStream,
    body: object,
  ): Promise<{ status: number; channels?: object }> {
    const answer = await send(`${url}/connections/${stream.connection}`, {
      method: "PATCH",
      body: JSON.stringify(body),
    });
    return { status: answer.status, ...(answer.json() as object) };
  }

  test("PATCH adds a channel from a cursor of its own and takes another away, on the live connection", async () => {
    const { url } = await bench.server();
    const [a, b] = [bench.channel(), bench.channel()];
    const cursors = await bench.history(url, b, 3);
    await using stream = await driver.open(url, { channels: [a], since: "latest" });
    await untilCaughtUp(stream, 1);
    const answer = await patch(url, stream, {
      subscribe: [{ channel: b, since: cursors[1] }],
      unsubscribe: [a],
    });
    expect(answer).toEqual({ status: 200, channels: { [b]: cursors[1] } });
    expect(dataOf(await take(stream, 2))).toEqual(["2", "3"]);
    await publish(url, a, `"unseen"`);
    await publish(url, b, "4");
    expect(await take(stream, 1)).toMatchObject([{ channel: b, data: "4" }]);
  });

  test("PATCH tells what it cannot do, and the connection goes on", async () => {
    const { url } = await bench.server();
    const [a, b] = [bench.channel(), bench.channel()];
    await using stream = await driver.open(url, { channels: [a], since: "latest" });
    await untilCaughtUp(stream, 1);
    expect(await patch(url, stream, { subscribe: [{ channel: a }] })).toMatchObject({
      status: 409,
      code: "ALREADY_SUBSCRIBED",
    });
    expect(await patch(url, stream, { unsubscribe: [b] })).toMatchObject({
      status: 404,
      code: "NOT_SUBSCRIBED",
    });
    expect(await patch(url, stream, { subscribe: [{ channel: "not a name" }] })).toMatchObject({
      code: "CHANNEL_NAME_INVALID",
    });
    expect(await patch(url, stream, { subscribe: [{ channel: b, since: "x" }] })).toMatchObject({
      code: "CURSOR_INVALID",
    });
    expect(await patch(url, stream, { typo: [] })).toMatchObject({ status: 400, code: "BODY_INVALID" });
    await publish(url, a, "1");
    expect(dataOf(await take(stream, 1))).toEqual(["1"]);
  });
}
