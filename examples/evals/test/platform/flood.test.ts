import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { channelOf } from "../../shared/channels.ts";
import { PlatformProcess } from "./support.ts";

const MIB = 1_048_576;
/** Of the server's memory at its height, what Node.js has yet to collect counted. It was seen at 300, and begins at 160. */
const MAX_SERVER_MIB = 448;

async function highestMemory(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return (Number(/^VmHWM:\s*(\d+) kB$/m.exec(status)?.[1]) * 1_024) / MIB;
}

describe("an evaluation that floods its output with 100 MiB", () => {
  test("leaves the platform healthy: others go on, memory is bounded, and every line is there", async () => {
    await using platform = await PlatformProcess.start();
    const id = await platform.start("flood", { parameters: { megabytes: 100 } });
    await platform.reaches(id, (state) => state === "running");
    const beside = await platform.start("echo");
    expect(await platform.ended(beside)).toMatchObject({ state: "succeeded", lines: 3 });
    const total = (100 * MIB) / 128;
    const evaluation = await platform.ended(id);
    // A time of 24 characters, a level and two spaces before each line.
    expect(evaluation).toMatchObject({ state: "succeeded", lines: total, logBytes: total * (128 + 30) });
    expect(await highestMemory(platform.pid)).toBeLessThan(MAX_SERVER_MIB);

    const told = (await platform.held(channelOf(id, "log"))).map(({ event, data }) => {
      const {
        from,
        lines,
        count = lines?.length,
      } = data as { from: number; lines?: string[]; count?: number };
      return { event, from, count: count ?? 0 };
    });
    let next = 1;
    for (const { from, count } of told) {
      expect(from).toBe(next);
      next += count;
    }
    expect(next).toBe(total + 1);
    const live = told.filter(({ event }) => event === "lines").reduce((sum, { count }) => sum + count, 0);
    expect(live).toBeGreaterThan(0);
    expect(live).toBeLessThan(total / 2);

    const last = await platform.ask("GET", `/api/evaluations/${id}/log/lines?from=${total}&count=1`);
    expect(last.body).toMatchObject({ total, lines: [expect.stringMatching(/ info x{127}$/)] });
    const { headers } = await platform.ask("GET", `/api/evaluations/${id}/artifacts/log.txt`);
    const range = await platform.ask("GET", headers.get("location") ?? "", undefined, {
      Range: "bytes=-129",
    });
    expect([range.status, range.body]).toEqual([206, ` ${"x".repeat(127)}\n`]);
    const found = await platform.ask("GET", `/api/evaluations/${id}/log/search?text=y`);
    expect(found.body).toMatchObject({ matches: [] });
  });
});
