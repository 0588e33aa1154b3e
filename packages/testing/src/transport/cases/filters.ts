import { expect, test } from "vitest";
import type { Bench } from "../case.ts";
import { dataOf, messagesOf, take, until } from "../collect.ts";
import { publish, publishBatch } from "../publish.ts";

const EVENTS = ["log", "progress", "message"];

/** Only some events of a channel. */
export function filters(bench: Bench): void {
  /** Messages 1 to `count`, whose events take turns: log, progress, message. */
  async function mixed(url: string, channel: string, count: number): Promise<void> {
    const lines = Array.from({ length: count }, (_, index) => ({
      data: index + 1,
      event: EVENTS[index % 3] ?? "",
    }));
    await publishBatch(url, channel, lines);
  }

  test("event=… lets only those events through, of what is held and of what comes", async () => {
    const { url } = await bench.server();
    const channel = bench.channel();
    await mixed(url, channel, 6);
    await using stream = await bench.open(url, { channel, since: "earliest", events: ["log", "message"] });
    const events = await bench.caughtUp(stream, channel);
    expect(messagesOf(events).map(({ event, data }) => [event, data])).toEqual([
      ["log", "1"],
      ["message", "3"],
      ["log", "4"],
      ["message", "6"],
    ]);
    await publish(url, channel, "7", { event: "progress" });
    await publish(url, channel, "8", { event: "log" });
    expect(dataOf(await take(stream, 1))).toEqual(["8"]);
  });

  test("a filtered reader resumes after any of its messages", async () => {
    const { url } = await bench.server();
    const channel = bench.channel();
    await mixed(url, channel, 12);
    let stream = await bench.open(url, { channel, since: "earliest", events: ["progress"] });
    const seen: string[] = [];
    while (seen.length < 4) {
      seen.push(...dataOf(await take(stream, 1)));
      stream = await stream.reopen();
    }
    expect(seen).toEqual(["2", "5", "8", "11"]);
    await publish(url, channel, "13", { event: "log" });
    await publish(url, channel, "14", { event: "progress" });
    expect(dataOf(await take(stream, 1))).toEqual(["14"]);
    stream.cut();
  });

  test("last=N counts what the filter lets through", async () => {
    const { url } = await bench.server();
    const channel = bench.channel();
    await mixed(url, channel, 30);
    await using stream = await bench.open(url, { channel, last: 3, events: ["log"] });
    expect(dataOf(await bench.caughtUp(stream, channel))).toEqual(["22", "25", "28"]);
  });

  test("a filter that nothing of the history passes still comes to the head", async () => {
    const { url } = await bench.server();
    const channel = bench.channel();
    await mixed(url, channel, 1_000);
    await mixed(url, channel, 1_000);
    await using stream = await bench.open(url, { channel, since: "earliest", events: ["none"] });
    expect(dataOf(await bench.caughtUp(stream, channel))).toEqual([]);
    await publish(url, channel, `"here"`, { event: "none" });
    expect(dataOf(await take(stream, 1))).toEqual([`"here"`]);
  });

  test("a filter of more events than the limit is refused", async () => {
    await using server = await bench.log.open({ limits: { maxFilterEvents: 2 } });
    const channel = bench.channel();
    await using most = await bench.open(server.url, { channel, since: "earliest", events: ["a", "b"] });
    await bench.caughtUp(most, channel);
    await using more = await bench.open(server.url, { channel, since: "earliest", events: ["a", "b", "c"] });
    const events = await until(more, (event) => event.type === "error");
    expect(events.at(-1)).toMatchObject({ code: "QUERY_INVALID" });
  });
}
