import { expect, test } from "vitest";
import type { Bench } from "../case.ts";
import { dataOf, numbers, take, until } from "../collect.ts";
import { publishNumbers } from "../publish.ts";
import { send } from "../send.ts";
import type { StreamEvent } from "../types.ts";

/** A loss is always told: how much, and from where reading goes on. */
export function gaps(bench: Bench): void {
  const { log, driver } = bench;

  test("messages that retention dropped are a gap with their number, and reading goes on after it", async () => {
    const { url } = await bench.server();
    const channel = bench.channel("short");
    const cursors = await bench.history(url, channel, 30);
    await using stream = await bench.open(url, { channel, cursors: new Map([[channel, cursors[5] ?? ""]]) });
    const events = await bench.caughtUp(stream, channel);
    expect(gapOf(events)).toEqual({
      type: "gap",
      channel,
      reason: "expired",
      from: cursors[5],
      to: cursors[20],
      missed: 15,
    });
    expect(dataOf(events)).toEqual(numbers(21, 30));
    await publishNumbers(url, channel, 31, 31);
    expect(dataOf(await take(stream, 1))).toEqual(["31"]);
  });

  test("a reader that resumes after its gap was told is not told again", async () => {
    const { url } = await bench.server();
    const channel = bench.channel("short");
    const cursors = await bench.history(url, channel, 30);
    await using stream = await bench.open(url, { channel, cursors: new Map([[channel, cursors[1] ?? ""]]) });
    await until(stream, (event) => event.type === "gap");
    await using again = await stream.reopen();
    const events = await bench.caughtUp(again, channel);
    expect(gapOf(events)).toBeUndefined();
    expect(dataOf(events)).toEqual(numbers(21, 30));
  });

  test("the last message before the oldest held is where reading goes on without a gap", async () => {
    const { url } = await bench.server();
    const channel = bench.channel("short");
    const cursors = await bench.history(url, channel, 30);
    await using stream = await bench.open(url, { channel, cursors: new Map([[channel, cursors[20] ?? ""]]) });
    const events = await bench.caughtUp(stream, channel);
    expect(gapOf(events)).toBeUndefined();
    expect(dataOf(events)).toEqual(numbers(21, 30));
  });

  test("since=earliest promises nothing that is gone, so it has no gap", async () => {
    const { url } = await bench.server();
    const channel = bench.channel("short");
    await publishNumbers(url, channel, 1, 30);
    await using stream = await bench.open(url, { channel, since: "earliest" });
    const events = await bench.caughtUp(stream, channel);
    expect(gapOf(events)).toBeUndefined();
    expect(dataOf(events)).toEqual(numbers(21, 30));
  });

  test("a truncated channel is a gap for those who had not read it, up to where it was truncated", async () => {
    const { url } = await bench.server();
    const channel = bench.channel();
    const cursors = await bench.history(url, channel, 6);
    await send(`${url}/channels/${channel}?through=${cursors[4]}`, { method: "DELETE" });
    await using part = await bench.open(url, { channel, cursors: new Map([[channel, cursors[1] ?? ""]]) });
    const events = await bench.caughtUp(part, channel);
    expect(gapOf(events)).toMatchObject({ reason: "expired", from: cursors[1], to: cursors[4], missed: 3 });
    expect(dataOf(events)).toEqual(["5", "6"]);

    await send(`${url}/channels/${channel}`, { method: "DELETE" });
    await using whole = await bench.open(url, { channel, cursors: new Map([[channel, cursors[0] ?? ""]]) });
    expect(gapOf(await bench.caughtUp(whole, channel))).toMatchObject({ to: cursors[6], missed: 6 });
    await publishNumbers(url, channel, 7, 7);
    expect(dataOf(await take(whole, 1)), "offsets go on").toEqual(["7"]);
    expect(whole.cursors.get(channel)).toMatch(/\.7$/);
  });

  test("a live reader has had what is truncated, so it is told nothing", async () => {
    const { url } = await bench.server();
    const channel = bench.channel();
    await using stream = await bench.open(url, { channel, since: "earliest" });
    await bench.caughtUp(stream, channel);
    await publishNumbers(url, channel, 1, 3);
    await take(stream, 3);
    await send(`${url}/channels/${channel}`, { method: "DELETE" });
    await publishNumbers(url, channel, 4, 4);
    const events = await until(stream, (event) => event.type === "message");
    expect(gapOf(events)).toBeUndefined();
    expect(dataOf(events)).toEqual(["4"]);
  });

  test("a cursor from another life of the log is a gap of unknown size, and all that is held follows", async () => {
    const { url } = await bench.server();
    const channel = bench.channel();
    const cursors = await bench.history(url, channel, 3);
    await using stream = await bench.open(url, { channel, cursors: new Map([[channel, "anotherlife.7"]]) });
    const events = await bench.caughtUp(stream, channel);
    expect(gapOf(events)).toEqual({
      type: "gap",
      channel,
      reason: "epoch",
      from: "anotherlife.7",
      to: cursors[0],
      missed: null,
    });
    expect(dataOf(events)).toEqual(numbers(1, 3));
  });

  test("a cursor ahead of the head is a gap too, and reading goes on at the head", async () => {
    const { url } = await bench.server();
    const channel = bench.channel();
    const cursors = await bench.history(url, channel, 3);
    const [epoch] = (cursors[0] ?? "").split(".");
    await using stream = await bench.open(url, { channel, cursors: new Map([[channel, `${epoch}.1000`]]) });
    const events = await bench.caughtUp(stream, channel);
    expect(gapOf(events)).toEqual({
      type: "gap",
      channel,
      reason: "ahead",
      from: `${epoch}.1000`,
      to: cursors[3],
      missed: null,
    });
    expect(dataOf(events)).toEqual([]);
    await publishNumbers(url, channel, 4, 4);
    expect(dataOf(await take(stream, 1))).toEqual(["4"]);
  });

  test("gap=fail ends with CURSOR_GONE instead of going on", async () => {
    const { url } = await bench.server();
    const channel = bench.channel("short");
    const cursors = await bench.history(url, channel, 30);
    await using stream = await bench.open(url, {
      channel,
      cursors: new Map([[channel, cursors[5] ?? ""]]),
      gap: "fail",
    });
    const events = await until(stream, (event) => event.type === "error");
    expect(events.at(-1)).toMatchObject({ code: "CURSOR_GONE" });
    expect(dataOf(events)).toEqual([]);
  });

  test("gap=fail says nothing while there is no gap", async () => {
    const { url } = await bench.server();
    const channel = bench.channel();
    const cursors = await bench.history(url, channel, 3);
    await using stream = await bench.open(url, {
      channel,
      cursors: new Map([[channel, cursors[1] ?? ""]]),
      gap: "fail",
    });
    expect(dataOf(await bench.caughtUp(stream, channel))).toEqual(["2", "3"]);
  });

  test(`a restart of the server ${log.isDurable ? "loses nothing, so a reader just goes on" : "is another life of the log, and told so"}`, async () => {
    await using server = await log.open();
    const channel = bench.channel();
    await using stream = await bench.open(server.url, { channel, since: "latest" });
    await bench.caughtUp(stream, channel);
    const cursors = await bench.history(server.url, channel, 4);
    await take(stream, 3);
    stream.cut();
    await server.restart();
    await publishNumbers(server.url, channel, 5, 6);
    await using again = await stream.reopen();
    const events = await bench.caughtUp(again, channel);
    if (log.isDurable) {
      expect(gapOf(events)).toBeUndefined();
      expect(dataOf(events)).toEqual(["4", "5", "6"]);
    } else {
      expect(gapOf(events)).toMatchObject({ reason: "epoch", from: cursors[3], missed: null });
      expect(dataOf(events)).toEqual(["5", "6"]);
    }
    await publishNumbers(server.url, channel, 7, 7);
    expect(dataOf(await take(again, 1)), driver.name).toEqual(["7"]);
  });
}

function gapOf(events: readonly StreamEvent[]): StreamEvent | undefined {
  return events.find((event) => event.type === "gap");
}
