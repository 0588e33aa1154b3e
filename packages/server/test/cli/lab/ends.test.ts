import { pino } from "pino";
import { describe, expect, test } from "vitest";
import type * as Built from "../../../src/cli/lab/lab.ts";
import type { LabResults } from "../../../src/cli/lab/shapes.ts";

// As it is built: its processes are started by their compiled files.
const { choosePorts, Lab } = (await import(
  new URL("../../../dist/cli/lab/lab.js", import.meta.url).href
)) as typeof Built;

const RUN = { rate: 20, size: 64, readers: 1, transports: ["sse"] } as const;
const LONG_MS = 600_000;

/** A lab with these times, and results that can be waited for. */
async function open(
  times: Partial<Record<"maxRunMs" | "unwatchedMs" | "maxKilledMs", number>>,
  watchers = 0,
) {
  let onResults: (results: LabResults) => void = () => undefined;
  const lab = await Lab.open({
    ports: await choosePorts(),
    origins: [],
    logger: pino({ level: "silent" }),
    watchers: async () => Promise.resolve(watchers),
    times: { maxRunMs: LONG_MS, unwatchedMs: LONG_MS, maxKilledMs: LONG_MS, ...times },
    onResults: (results) => onResults(results),
  });
  const until = async (holds: (results: LabResults) => boolean): Promise<LabResults> =>
    new Promise((resolve) => {
      onResults = (results) => holds(results) && resolve(results);
    });
  return { lab, until };
}

describe("a run ends by itself", () => {
  test("when nobody has watched for as long as it may go on so", async () => {
    const { lab, until } = await open({ unwatchedMs: 10 });
    await using _ = lab;
    const over = until(({ run }) => run?.phase === "done");
    await lab.start(RUN);
    expect((await over).run?.reason).toBe("nobody has read lab/results for 0.01 seconds.");
  });

  test("when its time is over, watched or not; and what was killed is started again when that has lasted long enough", async () => {
    const { lab, until } = await open({ unwatchedMs: 10, maxRunMs: 60, maxKilledMs: 10 }, 1);
    await using _ = lab;
    const back = until(({ target }) => target.state === "up" && target.restarts === 1);
    await lab.fault({ kind: "kill", on: true });
    expect((await back).faults).toEqual([]);
    const over = until(({ run }) => run?.phase === "done");
    await lab.start(RUN);
    expect((await over).run?.reason).toBe("it went on for 0.001 minutes.");
  });
});
