import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { faultProxy } from "@tidings/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Ended, messagesOf, Running, serve, type Served, tidings } from "./support/tidings.ts";

let served: Served;
beforeAll(async () => {
  served = await serve();
});
afterAll(async () => served[Symbol.asyncDispose]());

let number = 0;
const newChannel = (): string => `run/${++number}`;
const run = (channel: string, command: readonly string[], flags: readonly string[] = []): Promise<Ended> =>
  tidings(["run", "--channel", channel, ...flags, "--", ...command], { env: served.env });
const runScript = (channel: string, script: string, flags: readonly string[] = []): Promise<Ended> =>
  run(channel, ["node", "-e", script], flags);

/** What was published, by event: text and bytes as they are, JSON as a value. */
async function eventsOf(channel: string): Promise<readonly (readonly [event: unknown, data: unknown])[]> {
  return (await messagesOf(served, channel)).map(({ event, data }) => [event, data]);
}

async function linesOf(channel: string, event = "stdout"): Promise<readonly unknown[]> {
  return (await eventsOf(channel)).filter(([name]) => name === event).map(([, data]) => data);
}

/** A folder with this configuration in a file. */
async function folderWith(config: object): Promise<{ readonly file: string } & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), "tidings-run-"));
  const file = join(folder, "config.json");
  await writeFile(file, JSON.stringify(config));
  return { file, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}

describe("tidings run", () => {
  test("publishes start, each line of both streams, and exit, and passes the output on unchanged", async () => {
    const channel = newChannel();
    const { code, stdout, stderr } = await run(channel, [
      "sh",
      "-c",
      'echo one; sleep 0.2; echo two >&2; sleep 0.2; printf "three\\r\\nfour"',
      "x y",
    ]);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "one\nthree\r\nfour", stderr: "two\n" });
    const events = await eventsOf(channel);
    expect(events).toEqual([
      [
        "start",
        {
          command: "sh",
          args: ["-c", expect.any(String), "x y"],
          pid: expect.any(Number) as number,
          cwd: process.cwd(),
        },
      ],
      ["stdout", "one"],
      ["stderr", "two"],
      ["stdout", "three"],
      ["stdout", "four"],
      ["exit", { code: 0, signal: null, durationMs: expect.any(Number) as number }],
    ]);
    const messages = await messagesOf(served, channel);
    expect(
      messages
        .filter(({ event }) => event === "stdout")
        .every(({ contentType }) => contentType === "text/plain"),
    ).toBe(true);
  });

  test("is live: a line can be read while the command goes on", async () => {
    const channel = newChannel();
    await using running = new Running(
      ["run", "-c", channel, "--", "sh", "-c", "echo waiting; read answer; echo got $answer"],
      { env: served.env },
    );
    await using reader = new Running(["subscribe", channel, "--since", "earliest", "--json"], {
      env: served.env,
    });
    await reader.until(({ objects }) => objects.some(({ data }) => data === "waiting"));
    expect(running.process.exitCode).toBeNull();
    // Standard input is the command's own.
    running.process.stdin.end("yes\n");
    await reader.until(({ objects }) => objects.some(({ event }) => event === "exit"));
    expect(await linesOf(channel)).toEqual(["waiting", "got yes"]);
  });

  test("the command gets its arguments as they are, through no shell", async () => {
    const channel = newChannel();
    const { stdout } = await run(channel, [
      "node",
      "-e",
      "console.log(process.argv.slice(1).join('|'))",
      "--",
      "--quiet",
      "$HOME",
      "a b",
      "*",
    ]);
    expect(stdout).toBe("--quiet|$HOME|a b|*\n");
  });

  test.each([
    [["sh", "-c", "exit 7"], 7, { code: 7, signal: null }],
    [["sh", "-c", "kill -KILL $$"], 137, { code: null, signal: "SIGKILL" }],
    [
      ["no-such-command-here"],
      127,
      { code: 127, signal: null, error: "no-such-command-here: there is no such command" },
    ],
    [["/"], 126, { code: 126, signal: null }],
  ])("%j ends it with %d", async (command, code, data) => {
    const channel = newChannel();
    expect((await run(channel, command)).code).toBe(code);
    expect((await eventsOf(channel)).at(-1)).toEqual(["exit", expect.objectContaining(data) as object]);
  });

  test.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)(
    "%s is passed on, and the command may end in its own way",
    async (signal) => {
      const channel = newChannel();
      const script = `process.on("${signal}", () => { console.log("told"); process.exit(9); }); console.log("ready"); setInterval(() => {}, 1000)`;
      await using running = new Running(["run", "-c", channel, "--", "node", "-e", script], {
        env: served.env,
      });
      await running.until(({ stdout }) => stdout.includes("ready"));
      running.process.kill(signal);
      expect(await running.ended).toMatchObject({ code: 9, stdout: "ready\ntold\n" });
      expect(await linesOf(channel)).toEqual(["ready", "told"]);
    },
  );

  test("--quiet passes nothing on and publishes all the same", async () => {
    const channel = newChannel();
    expect(await run(channel, ["sh", "-c", "echo a; echo b >&2"], ["--quiet"])).toEqual({
      code: 0,
      signal: null,
      stdout: "",
      stderr: "",
    });
    expect([await linesOf(channel), await linesOf(channel, "stderr")]).toEqual([["a"], ["b"]]);
  });

  test("what carriage returns write over is progress and not a line, and so is told what lines name as such", async () => {
    const channel = newChannel();
    const { stdout } = await runScript(
      channel,
      'process.stdout.write("\\r 10%\\r 55%\\r100%\\nstep 3/4 done\\nbye\\n")',
    );
    expect(stdout).toBe("\r 10%\r 55%\r100%\nstep 3/4 done\nbye\n");
    expect(await linesOf(channel)).toEqual(["100%", "step 3/4 done", "bye"]);
    const progress = await linesOf(channel, "progress");
    expect(progress[0]).toEqual({ stream: "stdout", percent: 10, text: "10%" });
    expect(progress[1]).toEqual({ stream: "stdout", percent: 55, text: "55%" });
    expect(progress.at(-1)).toEqual({
      stream: "stdout",
      percent: 75,
      current: 3,
      total: 4,
      text: "step 3/4 done",
    });
  });

  test("a fast progress bar is told at most ten times a second, and its last state always", async () => {
    const channel = newChannel();
    await runScript(channel, "for (let n = 1; n <= 5000; n++) process.stdout.write(`${n}/5000\\r`)");
    const progress = await linesOf(channel, "progress");
    expect(progress.length).toBeLessThan(500);
    expect(progress.at(-1)).toMatchObject({ current: 5_000, percent: 100 });
  });

  test("a line longer than 64 KiB comes in parts that together are the line", async () => {
    const channel = newChannel();
    await runScript(channel, 'console.log("é".repeat(100000)); console.log("next")');
    const events = (await eventsOf(channel)).filter(([event]) => String(event).startsWith("stdout"));
    expect(events.map(([event]) => event)).toEqual([
      "stdout.part",
      "stdout.part",
      "stdout.part",
      "stdout",
      "stdout",
    ]);
    expect(
      events
        .slice(0, 4)
        .map(([, data]) => data)
        .join(""),
    ).toBe("é".repeat(100_000));
  });

  test("bytes that are not UTF-8 are passed on and published as they are; empty lines are lines", async () => {
    const channel = newChannel();
    await run(channel, ["printf", "\\377\\376\\n\\nok\\n"]);
    const messages = (await messagesOf(served, channel)).filter(({ event }) => event === "stdout");
    expect(messages).toMatchObject([{ encoding: "base64", data: "//4=" }, { data: "" }, { data: "ok" }]);
  });

  test("thirty thousand lines arrive, all of them, in order", { timeout: 60_000 }, async () => {
    await using folder = await folderWith({
      policies: [{ pattern: "**", retention: { maxMessages: null } }],
    });
    await using own = await serve("--log", "memory", "--config", folder.file);
    await using reader = new Running(
      ["subscribe", "many", "--json", "--since", "earliest", "--event", "stdout", "--event", "exit"],
      { env: own.env },
    );
    const script = "for (let n = 0; n < 30000; n++) console.log(n)";
    const running = tidings(["run", "-c", "many", "-q", "--", "node", "-e", script], { env: own.env });
    await reader.until(({ stdout }) => stdout.slice(-1_000).includes('"event":"exit"'));
    expect((await running).code).toBe(0);
    const numbers = reader.objects.filter(({ event }) => event === "stdout").map(({ data }) => Number(data));
    expect(numbers).toEqual(Array.from({ length: 30_000 }, (_, at) => at));
  });
});

describe("a server that is away", () => {
  test("at the start does not keep the command from running; its lines are delivered later", async () => {
    const channel = newChannel();
    await served.kill();
    await using running = new Running(["run", "-c", channel, "--", "sh", "-c", "echo one; echo two"], {
      env: served.env,
    });
    await running.until(
      ({ stdout, stderr }) => stdout === "one\ntwo\n" && stderr.includes("the output is kept"),
    );
    await served.startAgain();
    expect((await running.ended).code).toBe(0);
    expect(await linesOf(channel)).toEqual(["one", "two"]);
    expect(running.stderr).toContain("answers again");
  });

  test(
    "killed and started again, again and again, costs no line and doubles none",
    { timeout: 90_000 },
    async () => {
      const channel = newChannel();
      const script =
        "let n = 0; const t = setInterval(() => { for (let i = 0; i < 20; i++) console.log(n++); if (n >= 4000) clearInterval(t); }, 20)";
      await using running = new Running(["run", "-c", channel, "--", "node", "-e", script], {
        env: served.env,
      });
      for (const line of [400, 1_200, 2_000, 2_800, 3_600]) {
        await running.until(({ stdout }) => stdout.includes(`\n${line}\n`));
        await served.kill();
        await served.startAgain();
      }
      expect((await running.ended).code).toBe(0);
      expect(await linesOf(channel)).toEqual(Array.from({ length: 4_000 }, (_, at) => String(at)));
    },
  );

  test("answers that are lost double no line", async () => {
    const channel = newChannel();
    await using proxy = await faultProxy(served.url);
    const losing = proxy.inject({ kind: "lose-answer" });
    await using running = new Running([
      "run",
      "-c",
      channel,
      "--server",
      proxy.url,
      "--",
      "sh",
      "-c",
      "for n in 1 2 3 4 5; do echo $n; sleep 0.1; done",
    ]);
    await losing.struck(2);
    losing.lift();
    expect((await running.ended).code).toBe(0);
    expect(await linesOf(channel)).toEqual(["1", "2", "3", "4", "5"]);
  });

  test("for good is told after --flush-timeout with what was not delivered, and exit code 3", async () => {
    await using proxy = await faultProxy(served.url);
    proxy.inject({ kind: "cut", how: "reset" });
    const flags = ["run", "-c", "a", "--server", proxy.url, "--flush-timeout", "1500ms", "--", "sh", "-c"];
    const [ok, failed] = await Promise.all([tidings([...flags, "echo x"]), tidings([...flags, "exit 5"])]);
    expect(ok.code).toBe(3);
    expect(ok.stderr).toContain("waiting up to 2 s");
    expect(ok.stderr).toContain("gave up: 3 messages were not delivered");
    // The command's own failure says more.
    expect(failed.code).toBe(5);
  });

  test("that refuses is told once, the command goes on, and the exit code is 4", async () => {
    await using folder = await folderWith({ policies: [{ pattern: "**", publish: "server" }] });
    await using own = await serve("--log", "memory", "--config", folder.file);
    const ended = await tidings(["run", "-c", "a", "--", "sh", "-c", "echo one; sleep 0.5; echo two"], {
      env: own.env,
    });
    expect(ended).toMatchObject({ code: 4, stdout: "one\ntwo\n" });
    expect(ended.stderr.match(/PUBLISH_FORBIDDEN/g)).toHaveLength(1);
  });

  test("with smaller limits than usual gets smaller batches; a line that it will never take is told and passed over", async () => {
    await using own = await serve(
      "--log",
      "memory",
      "--limit",
      "maxBatchMessages=7",
      "--limit",
      "maxMessageBytes=500",
      "--limit",
      "maxArtifactBytes=0",
    );
    const script = 'for (let n = 0; n < 50; n++) console.log(n === 25 ? "x".repeat(600) : n)';
    const ended = await tidings(["run", "-c", "a", "-q", "--", "node", "-e", script], { env: own.env });
    expect(ended.code).toBe(4);
    expect(ended.stderr).toContain("MESSAGE_TOO_LARGE");
    const lines = (await messagesOf(own, "a"))
      .filter(({ event }) => event === "stdout")
      .map(({ data }) => data);
    expect(lines).toEqual(Array.from({ length: 50 }, (_, at) => String(at)).filter((line) => line !== "25"));
  });
});
