import { expect, test } from "vitest";
import { type Bench, testWithSeeds } from "../case.ts";
import { dataOf, numbers, take } from "../collect.ts";
import { publishNumbers } from "../publish.ts";
import type { TransportStream } from "../types.ts";

/** Going on after the connection was lost. */
export function resume(bench: Bench): void {
  test("a reader that is cut after every single message of a burst gets each of them once", async () => {
    const { url } = await bench.server();
    const channel = bench.channel();
    await publishNumbers(url, channel, 1, 20);
    const seen: string[] = [];
    let stream: TransportStream = await bench.open(url, { channel, since: "earliest" });
    while (seen.length < 20) {
      seen.push(...dataOf(await take(stream, 1)));
      stream = await stream.reopen();
    }
    stream.cut();
    expect(seen).toEqual(numbers(1, 20));
  });

  test("what is published while a reader is away is there when it comes back", async () => {
    const { url } = await bench.server();
    const channel = bench.channel();
    let stream: TransportStream = await bench.open(url, { channel, since: "latest" });
    await bench.caughtUp(stream, channel);
    const seen: string[] = [];
    for (let round = 0; round < 5; round++) {
      stream.cut();
      await publishNumbers(url, channel, round * 6 + 1, round * 6 + 6);
      stream = await stream.reopen();
      // Not all of it: the next reader begins in the middle.
      seen.push(...dataOf(await take(stream, 4)));
    }
    seen.push(...dataOf(await take(stream, 10)));
    stream.cut();
    expect(seen).toEqual(numbers(1, 30));
  });

  testWithSeeds(
    "publishing while readers catch up, are cut and come back: no gap, no repeat, in order",
    [1, 2, 3, 4, 5, 6],
    async (random) => {
      const { url } = await bench.server();
      const channel = bench.channel();
      const total = random.int(60, 160);
      const already = random.int(0, total);
      if (already > 0) await publishNumbers(url, channel, 1, already);
      const publishing = (async () => {
        for (let next = already + 1; next <= total;) {
          const to = Math.min(total, next + random.int(0, 12));
          await publishNumbers(url, channel, next, to);
          next = to + 1;
        }
      })();
      const seen: string[] = [];
      let stream: TransportStream = await bench.open(url, { channel, since: "earliest" });
      while (seen.length < total) {
        const count = Math.min(total - seen.length, random.int(1, 40));
        seen.push(...dataOf(await take(stream, count)));
        if (random.chance(0.3)) stream = await stream.reopen();
      }
      await publishing;
      stream.cut();
      expect(seen).toEqual(numbers(1, total));
    },
  );
}
