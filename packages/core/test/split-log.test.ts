import { describeLog, type OpenLog } from "@tidings/testing";
import { expect, test } from "vitest";
import { DEFAULT_RETENTION, type LogOptions, MemoryLog, SplitLog } from "../src/index.ts";

/** Each of the list's channels is in one of the two, and most tests have some in both. */
function open(options: LogOptions): SplitLog {
  return new SplitLog({
    main: new MemoryLog(options),
    aside: new MemoryLog({ ...options, newEpoch: () => "aside1" }),
    isAside: (channel) => channel.endsWith("b") || channel.startsWith("$"),
  });
}

const openSplitLog: OpenLog = async (options) => {
  let log = open(options);
  return {
    log,
    restart: async () => {
      await log.close();
      log = open(options);
      return log;
    },
    [Symbol.asyncDispose]: () => log.close(),
  };
};

describeLog("split", openSplitLog, { durable: false, contiguous: true }, { modelRuns: 30 });

test("what is put aside never comes to the main log, and both are one list", async () => {
  const log = open({ retentionOf: () => DEFAULT_RETENTION, nowMs: () => 1, newEpoch: () => "main1" });
  for (const channel of ["c", "a", "$own", "b"])
    await log.append(channel, [{ event: "message", kind: "text", data: new Uint8Array(1) }]);
  const all = { prefix: "", after: "", limit: 3 };
  const names = async (after: string): Promise<readonly string[]> =>
    (await log.channels({ ...all, after })).map(({ channel }) => channel);
  expect([await names(""), await names("b")]).toEqual([["$own", "a", "b"], ["c"]]);
  expect((await log.main.channels(all)).map(({ channel }) => channel)).toEqual(["a", "c"]);
  expect([(await log.describe("a")).epoch, (await log.describe("$own")).epoch]).toEqual(["main1", "aside1"]);
});
