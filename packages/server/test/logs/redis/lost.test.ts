import { hasRedis, RedisServer, SentinelGroup } from "@tidings/testing";
import { describe, expect, test } from "vitest";
import { ChannelCalls } from "../../../src/logs/redis/channel-calls.ts";
import { Engine } from "../../../src/logs/redis/engine.ts";
import { Keys } from "../../../src/logs/redis/keys.ts";
import { checkOptions } from "../../../src/logs/redis/options.ts";
import { Node, text, textsOf } from "./node.ts";
import { plainOptions } from "./opened.ts";

const FAILS_OVER = { timeout: 20_000 };

describe.runIf(hasRedis())("what an engine lost, and who finds it (redis-server is installed)", () => {
  test("a node that only read the channel, and that nobody asks for it since: it looks by itself once the engine is back", async () => {
    await using server = await RedisServer.start();
    const options = { ...plainOptions(server.url), waitMs: 10_000 };
    await using reader = await Node.open(options);
    await using writer = await Node.open(options);
    const { epoch } = await writer.log.append("a", [text("1"), text("2")]);
    await server.command("SAVE");
    await writer.log.append("a", [text("3")]);
    expect(await textsOf(reader.log)).toEqual(["1", "2", "3"]);
    await writer.log.close();
    await server.kill();
    await reader.until(({ events }) => events.at(-1)?.type === "lost");
    await server.start();
    await using other = await Node.open(options);
    const followed = await other.log.follow("a");
    if (followed.epoch === epoch)
      await other.until(({ told }) => told.some((event) => event.epoch !== epoch));
  });

  test("what is heard after a loss does not take the place of what was seen before it, and is gone", async () => {
    await using server = await RedisServer.start();
    const options = checkOptions(plainOptions(server.url));
    const keys = new Keys(options.prefix);
    const back: (() => void)[] = [];
    const isBack = new Promise<void>((resolve) => back.push(resolve));
    let times = 0;
    const engine = new Engine(options, {
      onNote: () => undefined,
      onBack: () => ++times === 2 && back[0]?.(),
    });
    await using other = await Node.open({ ...options, waitMs: 10_000 });
    try {
      await engine.start();
      const { epoch } = await other.log.append("a", [text("1")]);
      await server.command("SAVE");
      await other.log.append("a", [text("2")]);
      const calls = new ChannelCalls(engine, keys, options);
      expect((await calls.call("a", "state")).seen).toMatchObject({ epoch, head: 2 });
      await other.log.close();
      await server.kill();
      await server.start();
      await isBack;
      await using stranger = await Node.open(options);
      for (const data of ["2'", "3'"]) await stranger.log.append("a", [text(data)]);
      // As it is told by a note: all that this one knows of it agrees with what is there.
      const note = await new ChannelCalls(engine, keys, options).call("a", "state");
      calls.learn("a", note.seen);
      expect((await calls.call("a", "state")).seen.epoch).not.toBe(epoch);
    } finally {
      await engine.close();
    }
  });

  test(
    "a master that is well while another one is named is left within a second or so, and not once the sentinels have told it",
    FAILS_OVER,
    async () => {
      await using group = await SentinelGroup.start();
      // Sentinels themselves have no databases.
      await using node = await Node.open({ ...plainOptions(`${group.url}/3`), checkMs: 50 });
      await group.failOver();
      await node.until(({ events }) =>
        events.some((event) => event.type === "lost" && event.reason.includes("has taken the place of")),
      );
      await node.until(({ isBack }) => isBack);
      await node.log.append("a", [text("1")]);
    },
  );
});
