import { expect, test } from "vitest";
import type { Bench } from "../case.ts";
import { dataOf, take, until } from "../collect.ts";
import { publishNumbers } from "../publish.ts";
import { send } from "../send.ts";

/** Connections are bounded, and let go when their clients are gone. */
export function connections(bench: Bench): void {
  test("one connection more than the limit is refused, and taken again once another one is gone", async () => {
    await using server = await bench.log.open({ limits: { maxConnections: 2 } });
    const channel = bench.channel();
    const first = await bench.open(server.url, { channel, since: "latest" });
    await using second = await bench.open(server.url, { channel, since: "latest" });
    await bench.caughtUp(first, channel);
    await bench.caughtUp(second, channel);
    await using third = await bench.open(server.url, { channel, since: "latest" });
    expect(await until(third, (event) => event.type === "error")).toMatchObject([
      { code: "TOO_MANY_CONNECTIONS", status: 503 },
    ]);
    first.cut();
    await open(server.url, 1);
    await using fourth = await bench.open(server.url, { channel, since: "latest" });
    await bench.caughtUp(fourth, channel);
    await publishNumbers(server.url, channel, 1, 1);
    expect(dataOf(await take(fourth, 1))).toEqual(["1"]);
  });

  /** Waits until the server says that it holds this many connections. */
  async function open(url: string, count: number): Promise<void> {
    for (;;) {
      const metrics = (await send(`${url}/metrics`)).text;
      const held = [...metrics.matchAll(/^tidings_connections\{[^}]*\} ([0-9]+)$/gm)].reduce(
        (sum, match) => sum + Number(match[1]),
        0,
      );
      if (held === count) return;
    }
  }
}
