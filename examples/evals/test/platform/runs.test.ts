import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ALERTS_CHANNEL, channelOf, LIST_CHANNEL } from "../../shared/channels.ts";
import { LIMITS } from "../../shared/limits.ts";
import { HerePlatform, isRunning } from "./support.ts";

let platform: HerePlatform;
beforeAll(async () => {
  platform = await HerePlatform.start({ parallel: 4 });
});
afterAll(async () => {
  await platform[Symbol.asyncDispose]();
});

const dataOf = async (id: string, name: Parameters<typeof channelOf>[1]): Promise<unknown[]> =>
  (await platform.held(channelOf(id, name))).map(({ data }) => data);

// At the same time: most of it is waiting for processes.
describe.concurrent("an evaluation", { timeout: 60_000 }, () => {
  test("goes its way: state, progress, log, metrics, alerts and artifacts come to its channels", async () => {
    const id = await platform.start("echo", { parameters: { word: "a bad word" }, createdBy: "Ada" });
    const evaluation = await platform.ended(id);
    expect(evaluation).toMatchObject({
      id,
      state: "succeeded",
      createdBy: "Ada",
      exit: { code: 0, signal: null },
      parameters: { word: "a bad word", steps: 3, waitMs: 0 },
      progress: { done: 3, total: 3 },
      alerts: { info: 1, warning: 0, critical: 3 },
      lines: 3,
      result: { word: "a bad word", heard: 0 },
    });
    const states = (await platform.held(channelOf(id, "status"))).filter(({ event }) => event === "status");
    expect(states.map(({ data }) => (data as { state: string }).state)).toEqual([
      "queued",
      "starting",
      "running",
      "succeeded",
    ]);
    const log = await readFile(join(platform.data, "runs", id, "log.txt"), "utf8");
    const told = (await dataOf(id, "log")) as { from: number; lines: string[]; position: number }[];
    expect(told.flatMap(({ lines }) => lines)).toEqual(log.trimEnd().split("\n"));
    expect(log).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z info step 1 says a bad word\n/);
    expect(told.at(-1)?.position).toBe(Buffer.byteLength(log));
    const points = ((await dataOf(id, "metric")) as { points: object[] }[]).flatMap(
      ({ points: each }) => each,
    );
    expect(points).toEqual([1, 2, 3].map((step) => ({ name: "score", step, value: step / 2 })));
    const alerts = (await dataOf(id, "alert")) as { rule: string; line?: number }[];
    expect(alerts.map(({ rule, line }) => `${rule} ${line ?? ""}`).toSorted()).toEqual([
      "bad-word 1",
      "bad-word 2",
      "bad-word 3",
      "first-step ",
    ]);
    const all = (await platform.held(ALERTS_CHANNEL)).map(({ data }) => data as { evaluation: string });
    expect(all.filter((alert) => alert.evaluation === id)).toEqual(alerts);
    const list = await platform.until(LIST_CHANNEL, (messages) => {
      const last = messages.at(-1);
      return last?.key === id && (last.data as { state: string }).state === "succeeded";
    });
    expect(list.at(-1)?.data).not.toHaveProperty("result");
  });

  test("has artifacts: small ones inline, large ones with a preview, and in the end the whole log", async () => {
    const id = await platform.start("echo");
    await platform.ended(id);
    const artifacts = (await dataOf(id, "artifact")) as Record<string, unknown>[];
    expect(artifacts.map(({ name, size, inline }) => ({ name, size, inline }))).toMatchObject([
      { name: "small.txt", size: 5, inline: "small" },
      { name: "large.txt", size: 120_000, inline: undefined },
      { name: "log.txt" },
    ]);
    expect(artifacts[1]?.["preview"]).toBe("large ".repeat(342).slice(0, 2_048));
    const { status, headers } = await platform.ask("GET", `/api/evaluations/${id}/artifacts/large.txt`);
    expect([status, headers.get("location")]).toEqual([302, artifacts[1]?.["url"]]);
    const part = await platform.ask("GET", String(artifacts[1]?.["url"]), undefined, { Range: "bytes=6-10" });
    expect([part.status, part.body]).toEqual([206, "large"]);
    const missing = await platform.ask("GET", `/api/evaluations/${id}/artifacts/none`);
    expect(missing.body).toMatchObject({ status: 404, code: "ARTIFACT_UNKNOWN" });
  });

  test.each([
    ["throw", { code: 1, signal: null }, /fault of the fixture/],
    ["code", { code: 7, signal: null }, /about to fail/],
    ["signal", { code: null, signal: "SIGSEGV" }, /about to fail/],
  ])("that crashes by %s has failed, and its log says what it said", async (how, exit, said) => {
    const id = await platform.start("crash", { parameters: { how } });
    expect(await platform.ended(id)).toMatchObject({ state: "failed", exit });
    expect((await platform.ask("GET", `/api/evaluations/${id}/log`)).body).toMatch(said);
  });

  test("above its memory is ended at once, and says so", async () => {
    const id = await platform.start("memory");
    const evaluation = await platform.ended(id);
    expect(evaluation).toMatchObject({ state: "out-of-memory", exit: { signal: "SIGKILL" } });
    expect(evaluation.reason).toMatch(/^it had \d+ bytes of memory, and may have 209715200$/);
  });

  test("over its time is ended, with a process that it left in another session", async () => {
    const id = await platform.start("forever", { limits: { timeoutMs: 1_500 } });
    const evaluation = await platform.ended(id);
    expect(evaluation).toMatchObject({ state: "timed-out", reason: "it ran longer than 1500 ms" });
    const log = String((await platform.ask("GET", `/api/evaluations/${id}/log`)).body);
    expect(await isRunning(Number(/child (\d+)/.exec(log)?.[1]))).toBe(false);
  });

  test("that does not heed its stop is killed after its five seconds; to stop it again changes nothing", async () => {
    const id = await platform.start("forever", { parameters: { ignoresStop: true } });
    await platform.until(channelOf(id, "log"), (messages) => messages.length > 0);
    const first = await platform.ask("POST", `/api/evaluations/${id}/stop`, { reason: "enough", by: "Ada" });
    expect([first.status, first.body.state]).toEqual([202, "running"]);
    expect((await platform.ask("POST", `/api/evaluations/${id}/stop`)).status).toBe(202);
    expect(await platform.ended(id)).toMatchObject({
      state: "stopped",
      reason: "stopped by Ada: enough",
      exit: { signal: "SIGKILL" },
    });
    const again = await platform.ask("POST", `/api/evaluations/${id}/stop`);
    expect([again.status, again.body.state]).toEqual([200, "stopped"]);
  });

  test("may fill its log to its limit; the rest is dropped, and the last line says how much", async () => {
    const id = await platform.start("million", {
      parameters: { lines: 100 },
      limits: { maxLogBytes: 1_024 },
    });
    const { lines, logBytes, state } = await platform.ended(id);
    expect(state).toBe("succeeded");
    expect(logBytes).toBeLessThanOrEqual(1_024);
    const log = String((await platform.ask("GET", `/api/evaluations/${id}/log`)).body)
      .trimEnd()
      .split("\n");
    expect(log).toHaveLength(lines);
    expect(log.at(-1)).toMatch(
      new RegExp(
        `warn \\[platform\\] ${100 - lines + 1} more lines \\(\\d+ bytes\\) were dropped: the log may have 1024 bytes`,
      ),
    );
  });

  test("is paused, inspected, stepped, spoken to and changed by commands, each told on its channels", async () => {
    const id = await platform.start("echo", { parameters: { steps: 100_000, waitMs: 60_000 } });
    await platform.reaches(id, (state) => state === "running");
    const paused = await platform.command("evals.pause", { evaluation: id });
    const at = Number(/^step ([12])$/.exec(paused.body.at)?.[1]);
    expect(paused.body).toMatchObject({ at: `step ${at}`, state: { word: "hello" } });
    expect((await platform.ask("GET", `/api/evaluations/${id}`)).body.state).toBe("paused");
    const stepped = await platform.command("evals.step", { evaluation: id, count: 3 });
    expect(stepped.body).toMatchObject({ at: `step ${at + 3}` });
    const set = { evaluation: id, name: "word", value: "bye", change: "c1", by: "Ada" };
    expect((await platform.command("evals.set", set)).body).toEqual({
      name: "word",
      value: "bye",
      change: "c1",
    });
    expect((await platform.command("evals.input", { evaluation: id, text: "hi", by: "Bob" })).body).toEqual({
      heard: 1,
    });
    await platform.command("evals.step", { evaluation: id });
    expect((await platform.command("evals.inspect", { evaluation: id })).body).toEqual({
      at: `step ${at + 4}`,
      state: { step: at + 4, heard: 1, word: "bye" },
    });
    const status = (await platform.held(channelOf(id, "status"))).find(({ event }) => event === "parameters");
    expect(status?.data).toMatchObject({
      parameters: { word: "bye" },
      changed: { name: "word", from: "hello", to: "bye", by: "Ada", change: "c1" },
    });
    const debug = await platform.held(channelOf(id, "debug"));
    expect(debug.map(({ event }) => event)).toEqual(["paused", "paused", "input", "paused", "inspected"]);
    const refused = await platform.command("evals.set", { ...set, value: "forbidden" });
    expect([refused.status, refused.body.code]).toEqual([409, "EVALUATION_REFUSED"]);
    const patched = await platform.ask("PATCH", `/api/evaluations/${id}`, { parameters: { waitMs: 0 } });
    expect([patched.status, patched.body.parameters.waitMs]).toEqual([200, 0]);
    const fixed = await platform.ask("PATCH", `/api/evaluations/${id}`, { parameters: { steps: 9 } });
    expect([fixed.status, fixed.body.code]).toEqual([409, "NOT_LIVE"]);
    await platform.command("evals.resume", { evaluation: id });
    await platform.ask("POST", `/api/evaluations/${id}/stop`);
    expect(await platform.ended(id)).toMatchObject({ state: "stopped" });
    const late = await platform.command("evals.pause", { evaluation: id });
    expect([late.status, late.body.code]).toEqual([409, "ALREADY_ENDED"]);
  });
});

test("an evaluation that does not listen is not waited for without end, nor asked for what it has not", async () => {
  await using impatient = await HerePlatform.start({ askMs: 100 });
  const id = await impatient.start("forever");
  await impatient.reaches(id, (state) => state === "running");
  const silent = await impatient.command("evals.input", { evaluation: id, text: "hello?" });
  expect([silent.status, silent.body.code]).toEqual([504, "EVALUATION_SILENT"]);
  const paused = await impatient.command("evals.pause", { evaluation: id });
  expect([paused.status, paused.body.code]).toEqual([409, "NOT_DEBUGGABLE"]);
  const long = await impatient.command("evals.input", {
    evaluation: id,
    text: "x".repeat(LIMITS.maxInputBytes + 1),
  });
  expect([long.status, long.body.code]).toEqual([422, "COMMAND_INPUT_INVALID"]);
  await impatient.ask("POST", `/api/evaluations/${id}/stop`);
  expect(await impatient.ended(id)).toMatchObject({ state: "stopped", exit: { signal: "SIGTERM" } });
});
