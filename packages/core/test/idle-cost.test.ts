import { queryObjects } from "node:v8";
import { expect, test } from "vitest";
import { RecentEnd } from "../src/recent-end.ts";
import { CountingOutput } from "./support/counting-output.ts";
import { openHub } from "./support/fixtures.ts";

const KINDS = [Map, Set, RecentEnd];
/** How many there are that are in use: the collector has been before it answers. */
const count = (): number[] => KINDS.map((kind) => queryObjects(kind) as number);

test("a channel with a reader that nobody publishes to has no Map, no Set and no recent end of its own", async () => {
  const { hub, turns } = openHub();
  const connection = new CountingOutput().connect(hub);
  const read = async (from: number): Promise<void> => {
    for (let at = from; at < from + 50; at++)
      await connection.subscribe({ channel: `c${at}`, start: { at: "latest" } });
    await turns.settle();
  };
  // What a connection with many channels has, and a hub.
  await read(0);
  const before = count();
  await read(50);
  const after = count();
  // The test's runner has its own.
  for (const [at, each] of after.entries()) expect(each - (before[at] as number)).toBeLessThan(10);
  connection.close();
});
