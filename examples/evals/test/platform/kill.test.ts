import { once } from "node:events";
import type { Message } from "@tidings/client";
import { describe, expect, test } from "vitest";
import { ALERTS_CHANNEL, channelOf } from "../../shared/channels.ts";
import { hasEnded } from "../../shared/evaluation.ts";
import { isRunning, PlatformProcess, supervisorOf } from "./support.ts";

const STEPS = 300;
/** On a machine that is busy with other things: dozens of processes are started, one after the other. */
const PATIENCE_MS = 90_000;

/** The state that a status message tells; none where it tells of something else. */
function stateOf({ event, data }: Message): string | undefined {
  return event === "status" ? (data as { state: string }).state : undefined;
}

/** Ends a process of the test's own data folder, by its id, and resolves once it is no more. */
async function end(pid: number): Promise<void> {
  process.kill(pid, "SIGKILL");
  while (await isRunning(pid)) await once(AbortSignal.timeout(10), "abort");
}

describe.concurrent("a server that is killed", { timeout: PATIENCE_MS }, () => {
  test("finds its runs again: no line, point, alert or artifact is missing, and none comes twice", async () => {
    await using platform = await PlatformProcess.start();
    const id = await platform.start("echo", { parameters: { steps: STEPS, waitMs: 300, word: "worse" } });
    let seen = 0;
    for (let kills = 0; kills < 3; kills++) {
      // At whatever it is doing when a reader has three lines more than before the last time.
      await platform.until(channelOf(id, "log"), (messages) => {
        const newest = messages.at(-1)?.data as { from: number; lines: readonly string[] } | undefined;
        const { from = 0, lines = [] } = newest ?? {};
        if (from + lines.length <= seen + 3) return false;
        seen = from + lines.length;
        return true;
      });
      await platform.kill();
      await platform.begin();
    }
    const hurry = { evaluation: id, name: "waitMs", value: 0, change: "hurry" };
    expect((await platform.command("evals.set", hurry)).status).toBe(200);
    const evaluation = await platform.ended(id);
    expect(evaluation).toMatchObject({
      state: "succeeded",
      lines: STEPS,
      alerts: { info: 1, warning: 0, critical: STEPS },
      result: { word: "worse" },
    });
    const log = await platform.held(channelOf(id, "log"));
    expect(new Set(log.map(({ event }) => event))).toEqual(new Set(["lines"]));
    const numbered = log.flatMap(({ data }) => {
      const { from, lines } = data as { from: number; lines: string[] };
      return lines.map((line, at) => `${from + at} ${line.slice(25)}`);
    });
    expect(numbered).toEqual(
      Array.from({ length: STEPS }, (_, at) => `${at + 1} info step ${at + 1} says worse`),
    );
    const metrics = await platform.held(channelOf(id, "metric"));
    const steps = metrics.flatMap(({ data }) => (data as { points: { step: number }[] }).points);
    expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: STEPS }, (_, at) => at + 1));
    for (const channel of [channelOf(id, "alert"), ALERTS_CHANNEL]) {
      const alerts = (await platform.held(channel)).map(({ data }) => data as { line?: number });
      const found = alerts.flatMap(({ line }) => (line === undefined ? [] : [line]));
      expect(found).toEqual(Array.from({ length: STEPS }, (_, at) => at + 1));
      expect(alerts).toHaveLength(STEPS + 1);
    }
    const artifacts = await platform.held(channelOf(id, "artifact"));
    expect(artifacts.map(({ data }) => (data as { name: string }).name)).toEqual([
      "small.txt",
      "large.txt",
      "log.txt",
    ]);
    const status = await platform.held(channelOf(id, "status"));
    const states = status.flatMap((message) => stateOf(message) ?? []);
    expect(states).toEqual(["queued", "starting", "running", "succeeded"]);
    const restored = status.filter(({ event }) => event === "restored").map(({ data }) => data);
    expect(restored).toMatchObject([{ found: true }, { found: true }, { found: true }]);
  });

  test("while a run ended finds how it did; one that is stopped by a signal leaves its runs going", async () => {
    await using platform = await PlatformProcess.start();
    const short = await platform.start("echo", { parameters: { steps: 40, waitMs: 25 } });
    const long = await platform.start("forever");
    const supervisor = async (): Promise<number> => (await supervisorOf(platform.data, short)).pid;
    await platform.until(channelOf(short, "metric"), (messages) => messages.length > 0);
    await platform.until(channelOf(long, "log"), (messages) => messages.length > 0);
    const pid = await supervisor();
    await platform.kill("SIGTERM");
    while (await isRunning(pid)) await once(AbortSignal.timeout(20), "abort");
    await platform.begin();
    expect(await platform.ended(short)).toMatchObject({ state: "succeeded", lines: 40 });
    expect((await platform.ask("GET", `/api/evaluations/${long}`)).body.state).toBe("running");
    await platform.ask("POST", `/api/evaluations/${long}/stop`);
    await platform.ended(long);
  });
});

describe.concurrent("a supervisor that is killed", { timeout: PATIENCE_MS }, () => {
  test.each([
    ["while the server looks on", false],
    ["while there is no server", true],
  ])("%s: its run is lost, and nothing of its evaluation goes on", async (_, isAway) => {
    await using platform = await PlatformProcess.start();
    const id = await platform.start("forever");
    const log = await platform.until(channelOf(id, "log"), (messages) => messages.length > 0);
    const child = Number(/child (\d+)/.exec(JSON.stringify(log[0]?.data))?.[1]);
    const { pid } = await supervisorOf(platform.data, id);
    if (isAway) await platform.kill();
    await end(pid);
    if (isAway) await platform.begin();
    const status = await platform.until(channelOf(id, "status"), (messages) => {
      const state = messages.at(-1) === undefined ? undefined : stateOf(messages.at(-1) as Message);
      return state !== undefined && hasEnded(state as "lost");
    });
    expect(status.at(-1)?.data).toMatchObject({
      state: "lost",
      reason: expect.stringContaining("supervisor"),
    });
    const restored = status.filter(({ event }) => event === "restored").map(({ data }) => data);
    expect(restored).toMatchObject(isAway ? [{ found: false }] : []);
    expect(await isRunning(child)).toBe(false);
    expect((await platform.ask("GET", `/api/evaluations/${id}`)).body.state).toBe("lost");
    expect(await platform.ended(await platform.start("quick"))).toMatchObject({ state: "succeeded" });
  });
});
