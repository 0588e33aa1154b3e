import { expect, test } from "vitest";
import type { Bench } from "../case.ts";
import { dataOf, numbers, take } from "../collect.ts";
import { publish, publishBatch, publishNumbers } from "../publish.ts";

/** What publishers are promised, as readers see it. */
export function publishing(bench: Bench): void {
  test("a repeat by its idempotency key is answered with the first cursor and seen once", async () => {
    const { url } = await bench.server();
    const channel = bench.channel();
    await using stream = await bench.open(url, { channel, since: "latest" });
    await bench.caughtUp(stream, channel);
    const headers = { "idempotency-key": "try-1" };
    const first = await publish(url, channel, "1", { headers });
    expect(first.status).toBe(201);
    expect(await publish(url, channel, "1", { headers })).toEqual({ ...first, status: 200, duplicate: true });
    await publish(url, channel, "2");
    expect(dataOf(await take(stream, 2))).toEqual(["1", "2"]);
  });

  test("a batch whose lines were published in part appends the rest only", async () => {
    const { url } = await bench.server();
    const channel = bench.channel();
    const lines = [1, 2, 3, 4].map((data) => ({ data, idempotencyKey: `line-${data}` }));
    await publishBatch(url, channel, lines.slice(0, 2));
    await publishBatch(url, channel, lines);
    await using stream = await bench.open(url, { channel, since: "earliest" });
    expect(dataOf(await bench.caughtUp(stream, channel))).toEqual(numbers(1, 4));
  });

  test("a conditional publish on another head than it names is refused and seen by nobody", async () => {
    const { url } = await bench.server();
    const channel = bench.channel();
    const cursors = await bench.history(url, channel, 2);
    const stale = await publish(url, channel, `"stale"`, { headers: { "if-match": `"${cursors[1]}"` } });
    expect(stale).toMatchObject({ status: 412, code: "CONFLICT", head: cursors[2] });
    await publish(url, channel, "3", { headers: { "if-match": `"${cursors[2]}"` } });
    await using stream = await bench.open(url, { channel, since: "earliest" });
    expect(dataOf(await bench.caughtUp(stream, channel))).toEqual(numbers(1, 3));
  });

  test("nothing comes between the messages of a batch, however many publish at once", async () => {
    const { url } = await bench.server();
    const channel = bench.channel();
    await using stream = await bench.open(url, { channel, since: "latest" });
    await bench.caughtUp(stream, channel);
    const batches = Array.from({ length: 12 }, (_, batch) =>
      Array.from({ length: 5 }, (__, line) => ({ data: `${batch}-${line}` })),
    );
    await Promise.all(batches.map(async (lines) => publishBatch(url, channel, lines)));
    const seen = dataOf(await take(stream, 60)).map((data) => JSON.parse(data) as string);
    const groups = Array.from({ length: 12 }, (_, batch) => seen.slice(batch * 5, batch * 5 + 5));
    for (const group of groups)
      expect(group).toEqual(numbers(0, 4).map((line) => `${group[0]?.split("-")[0]}-${line}`));
  });

  test("a batch with one bad line is not published at all", async () => {
    const { url } = await bench.server();
    const channel = bench.channel();
    const answer = await publish(url, channel, `{"data":1}\n{"data":2,"oops":3}\n`, {
      contentType: "application/x-ndjson",
    });
    expect(answer).toMatchObject({ status: 400, code: "BODY_INVALID", line: 2 });
    await publishNumbers(url, channel, 3, 3);
    await using stream = await bench.open(url, { channel, since: "earliest" });
    expect(dataOf(await bench.caughtUp(stream, channel))).toEqual(["3"]);
  });

  test("two readers see the same messages in the same order", async () => {
    const { url } = await bench.server();
    const channel = bench.channel();
    await using one = await bench.open(url, { channel, since: "latest" });
    await bench.caughtUp(one, channel);
    const sent = Promise.all(
      Array.from({ length: 40 }, async (_, each) => publish(url, channel, String(each))),
    );
    await using two = await bench.open(url, { channel, since: "earliest" });
    const seen = await take(one, 40);
    expect(await take(two, 40)).toEqual(seen);
    await sent;
    expect(new Set(dataOf(seen)).size).toBe(40);
  });
}
