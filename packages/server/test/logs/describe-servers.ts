import { describe, expect, test } from "vitest";
import type { TidingsOptions } from "../../src/create/options.ts";
import { openServer } from "../support/logs.ts";
import { follow, type Line, publish, publishUntilTaken, take } from "./http-readers.ts";

/** An engine of a test's own that servers share. It keeps what it acknowledged over {@link SharedEngine.kill}. */
export interface SharedEngine extends AsyncDisposable {
  readonly log: Required<TidingsOptions>["log"];
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Loses all messages, and goes on. */
  lose(): Promise<void>;
}

/**
 * What holds of two servers on one engine, whichever it is.
 *
 * @param options so that a publish waits little for an engine that is away.
 */
export function describeServers(
  name: string,
  open: () => Promise<SharedEngine>,
  options: TidingsOptions,
): void {
  describe(`two servers on one ${name}`, () => {
    test("what is published on one reaches readers of the other; a reader goes on there from its cursor; a repeat is one there too", async () => {
      await using engine = await open();
      const { log } = engine;
      await using a = await openServer({ log });
      await using b = await openServer({ log });
      const onA = follow(a, "since=earliest");
      const onB = follow(b, "since=earliest");
      const others = [follow(b, "since=earliest"), follow(b, "since=earliest")];
      const first = onB.next();
      const firsts = others.map((each) => each.next());
      for (let at = 1; at <= 3; at++) expect((await publish(a, at)).status).toBe(201);
      expect(((await first).value as Line).data).toBe(1);
      await Promise.all(firsts);
      expect((await take(onB, 2)).map(({ data }) => data)).toEqual([2, 3]);
      const [read] = await take(onA, 1);
      // Cut from a, this reader goes on at b.
      const later = follow(b, `since=${read?.cursor}`);
      expect((await take(later, 2)).map(({ data }) => data)).toEqual([2, 3]);
      const again = await publish(b, 3);
      expect(await again.json()).toMatchObject({
        cursor: (await publish(a, 3).then((r) => r.json() as Promise<Line>)).cursor,
      });
      await publish(b, 4);
      expect((await take(later, 1)).map(({ data }) => data)).toEqual([4]);
    });

    test("with it gone neither is ready, publishing is refused as retryable, readers stay, and get what comes once it is back", async () => {
      await using engine = await open();
      const { log } = engine;
      await using a = await openServer({ log, ...options });
      await using b = await openServer({ log, ...options });
      const stream = follow(b, "since=earliest");
      await publish(a, 1);
      await take(stream, 1);
      expect((await fetch(`${a.url}/readyz`)).status).toBe(200);
      await engine.kill();
      const refused = await publish(a, 2);
      expect(refused.status).toBe(503);
      expect(await refused.json()).toMatchObject({ code: "LOG_UNAVAILABLE", retryable: true });
      // Not the answer that was given a moment ago.
      let ready = await fetch(`${b.url}/readyz`);
      while (ready.status === 200) ready = await fetch(`${b.url}/readyz`);
      expect(ready.status).toBe(503);
      await engine.start();
      await publishUntilTaken(a, 2);
      expect((await take(stream, 1)).map(({ type, data }) => [type, data])).toEqual([["message", 2]]);
      while ((await fetch(`${b.url}/readyz`)).status !== 200);
    });

    test("what it lost is told to a reader that is live as a gap, and to one that comes back", async () => {
      await using engine = await open();
      const { log } = engine;
      await using a = await openServer({ log });
      await using b = await openServer({ log });
      const stream = follow(b, "since=earliest");
      await publish(a, 1);
      const [read] = await take(stream, 1);
      await engine.lose();
      await publish(a, 2, "other");
      const told = await take(stream, 2);
      expect(told).toMatchObject([
        { type: "gap", reason: "epoch" },
        { type: "message", data: 2 },
      ]);
      expect(await take(follow(a, `since=${read?.cursor}`), 2)).toEqual(told);
    });
  });
}
