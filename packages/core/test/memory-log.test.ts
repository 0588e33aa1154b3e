import { describeLog, type OpenLog } from "@tidings/testing";
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
