import { expect, test } from "vitest";
import { type Bench } from "../case.ts";
import { dataOf, messagesOf, numbers, take } from "../collect.ts";
import { publishNumbers } from "../publish.ts";

/** Where a reader begins. */
export function starts(bench: Bench): void {
  test("since=earliest begins with the oldest message held", async () => {
    const { url } = await bench.server();
    const channel = bench.channel();
    await publishNumbers(url, channel, 1, 5);
    await using stream = await bench.open(url, { channel, since: "earliest" });
    expect(dataOf(await bench.caughtUp(stream, channel))).toEqual(numbers(1, 5));
  });

  test("since=latest begins with what is published after the greeting", async () => {
    const { url } = await bench.server();
    const channel = bench.channel();
    await publishNumbers(url, channel, 1, 5);
    await using stream = await bench.open(url, { channel, since: "latest" });
    expect(dataOf(await bench.caughtUp(stream, channel))).toEqual([]);
    await publishNumbers(url, channel, 6, 8);
    expect(dataOf(await take(stream, 3))).toEqual(numbers(6, 8));
  });

  test("since a cursor begins with the message after it, not with the one at it", async () => {
    const { url } = await bench.server();
    const channel = bench.channel();
    const cursors = await bench.history(url, channel, 5);
    await using stream = await bench.open(url, { channel, cursors: new Map([[channel, cursors[2] ?? ""]]) });
    expect(dataOf(await bench.caughtUp(stream, channel))).toEqual(numbers(3, 5));
  });

  test("since a time begins with the first message that was appended then or later, without a gap", async () => {
    const { url } = await bench.server();
    const channel = bench.channel();
    await publishNumbers(url, channel, 1, 5);
    const page = await fetch(`${url}/channels/${channel}`);
    const { messages } = (await page.json()) as { messages: { time: string; data: number }[] };
    const { time } = messages[2] as { time: string };
    const expected = messages.filter((message) => message.time >= time).map(({ data }) => String(data));
    await using stream = await bench.open(url, { channel, since: time });
    const events = await bench.caughtUp(stream, channel);
    expect(dataOf(events)).toEqual(expected);
    expect(events.some(({ type }) => type === "gap")).toBe(false);
  });

  test("last=N begins with the newest N, with all where fewer are held, and with none for 0", async () => {
    const { url } = await bench.server();
    const channel = bench.channel();
    await publishNumbers(url, channel, 1, 5);
    for (const [last, from] of [
      [2, 4],
      [99, 1],
      [0, 6],
    ] as const) {
      await using stream = await bench.open(url, { channel, last });
      expect(dataOf(await bench.caughtUp(stream, channel)), `last=${last}`).toEqual(numbers(from, 5));
    }
  });

  const { beginsLive } = bench.driver;
  test(`where nothing is said, ${beginsLive ? "it begins with what comes next" : "a page begins with the oldest"}`, async () => {
    const { url } = await bench.server();
    const channel = bench.channel();
    await publishNumbers(url, channel, 1, 3);
    await using stream = await bench.open(url, { channel });
    const expected = beginsLive ? [] : numbers(1, 3);
    expect(dataOf(await bench.caughtUp(stream, channel))).toEqual(expected);
  });

  test("a reader that has received nothing resumes from the greeting without a loss", async () => {
    const { url } = await bench.server();
    const channel = bench.channel();
    const cursors = await bench.history(url, channel, 3);
    await using stream = await bench.open(url, { channel, since: "latest" });
    await bench.caughtUp(stream, channel);
    expect(stream.cursors.get(channel)).toBe(cursors[3]);
    stream.cut();
    await publishNumbers(url, channel, 4, 6);
    await using again = await stream.reopen();
    expect(dataOf(await take(again, 3))).toEqual(numbers(4, 6));
  });

  test("a channel that nobody wrote to has a greeting too, at offset 0, and nothing of it is missed", async () => {
    const { url } = await bench.server();
    const channel = bench.channel();
    await using stream = await bench.open(url, { channel, since: "latest" });
    await bench.caughtUp(stream, channel);
    expect(stream.cursors.get(channel)).toMatch(/^[a-z0-9]{1,32}\.0$/);
    stream.cut();
    await publishNumbers(url, channel, 1, 2);
    await using again = await stream.reopen();
    expect(dataOf(await take(again, 2))).toEqual(numbers(1, 2));
  });

  test("the position comes before the first message, and caught-up after the last one, once", async () => {
    const { url } = await bench.server();
    const channel = bench.channel();
    const cursors = await bench.history(url, channel, 3);
    await using stream = await bench.open(url, { channel, since: "earliest" });
    const events = await bench.caughtUp(stream, channel);
    const types = events.filter(({ type }) => type !== "position").map(({ type }) => type);
    const greeting = bench.driver.isStream ? ["opened"] : [];
    expect(types).toEqual([...greeting, "message", "message", "message", "caught-up"]);
    if (bench.driver.isStream)
      expect(events.find(({ type }) => type === "opened")).toMatchObject({ cursor: cursors[0] });
    expect(messagesOf(events).map(({ cursor }) => cursor)).toEqual(cursors.slice(1));
    await publishNumbers(url, channel, 4, 4);
    await publishNumbers(url, channel, 5, 5);
    const live = [];
    for (let event = await stream.next(); event !== undefined; event = await stream.next()) {
      live.push(event);
      if (event.type === "message" && event.data === "5") break;
    }
    expect(live.filter((event) => event.type === "caught-up" && event.channel === channel)).toEqual([]);
  });
}
