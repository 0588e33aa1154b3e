import { describeLog, type OpenLog } from "@tidings/testing";
import { toOffset } from "@tidings/protocol";
import { expect, test } from "vitest";
import { MemoryLog } from "../src/index.ts";

const openMemoryLog: OpenLog = async (options) => {
  let log = new MemoryLog(options);
  return {
    log,
    restart: async () => {
      await log.close();
      log = new MemoryLog(options);
      return log;
    },
    [Symbol.asyncDispose]: () => log.close(),
  };
};

describeLog("memory", openMemoryLog, { durable: false, contiguous: true });

test.each([
  ["in one channel", () => "a"],
  ["in a channel each", (at: number) => `a/${at}`],
])(
  "small messages, published among many others that are gone, keep none of their room: %s",
  async (_, channelOf) => {
    const retention = { maxMessages: 10_000, maxBytes: 1e9, maxAgeMs: 1e9 };
    const log = new MemoryLog({ nowMs: Date.now, newEpoch: () => "e", retentionOf: () => retention });
    const held = new Set<ArrayBufferLike>();
    for (let at = 0; at < 2_000; at++) {
      const data = new Uint8Array(new ArrayBuffer(65_536), 100, 2);
      await log.append(channelOf(at), [{ event: "message", kind: "json", data }]);
    }
    for (const { channel } of await log.channels({ prefix: "", after: "", limit: 2_000 })) {
      const { messages } = await log.read(channel, toOffset(0), { maxMessages: 10_000, maxBytes: 1e9 });
      for (const { data } of messages) held.add(data.buffer);
    }
    const bytes = [...held].reduce((sum, { byteLength }) => sum + byteLength, 0);
    expect(bytes).toBeLessThan(1_000_000); // 131 MB, where nothing is copied
  },
);

test("a sweep looks at a thousand channels, so that many idle ones cost little; sweeps come to each of them", async () => {
  const looked: string[] = [];
  const retention = { maxMessages: 10, maxBytes: 1_000, maxAgeMs: 1_000 };
  const retentionOf = (channel: string) => {
    looked.push(channel);
    return retention;
  };
  const log = new MemoryLog({ nowMs: Date.now, newEpoch: () => "e", retentionOf });
  const names = Array.from({ length: 2_500 }, (_, at) => `a/${at}`);
  for (const name of names)
    await log.append(name, [{ event: "message", kind: "none", data: new Uint8Array() }]);
  looked.length = 0;
  for (const count of [1_000, 2_000, 3_000]) {
    await log.sweep();
    expect(looked).toHaveLength(count);
  }
  expect(looked).toEqual([...names, ...names.slice(0, 500)]);
});
