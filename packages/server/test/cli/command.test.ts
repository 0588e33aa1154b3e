import { expect, test } from "vitest";
import { CommandError } from "../../src/commands/index.ts";
import { openServer, type TestServer } from "../support/logs.ts";
import { Running, tidings } from "./support/tidings.ts";

async function open(): Promise<TestServer> {
  const server = await openServer();
  server.tidings.command("echo", {
    handler: async (input, { progress, idempotencyKey }) => {
      await progress({ key: idempotencyKey ?? null });
      return input;
    },
  });
  return server;
}

test("prints the answer to stdout and the parts ahead of it to stderr", async () => {
  await using server = await open();
  const flags = ["--server", server.url];
  const ended = await tidings([
    "command",
    "echo",
    '{"id":12345678901234567000}',
    "--idempotency-key",
    "k",
    ...flags,
  ]);
  expect(ended).toMatchObject({ code: 0, stdout: '{"id":12345678901234567000}\n', stderr: '{"key":"k"}\n' });
  const piped = await tidings(["command", "echo", "-", ...flags], { stdin: "[1]" });
  expect(piped).toMatchObject({ code: 0, stdout: "[1]\n" });
  const lines = await tidings(["command", "echo", "1", "--progress", ...flags]);
  expect(lines.stdout).toBe('{"type":"progress","data":{"key":null}}\n{"type":"ok","data":1}\n');
});

test("ends with 4 for a fault, 2 for what is not JSON or a name, 3 where there is no server", async () => {
  await using server = await open();
  server.tidings.command("refuse", {
    handler: () => {
      throw new CommandError("NO_SUCH_RUN", "there is no run 7");
    },
  });
  const flags = ["--server", server.url];
  const refused = await tidings(["command", "refuse", ...flags]);
  expect(refused).toMatchObject({ code: 4, stdout: "" });
  expect(refused.stderr).toContain("NO_SUCH_RUN: there is no run 7");
  expect(await tidings(["command", "nothing", ...flags])).toMatchObject({ code: 4 });
  expect(await tidings(["command", "echo", "{", ...flags])).toMatchObject({ code: 2 });
  expect(await tidings(["command", "a..b", ...flags])).toMatchObject({ code: 2 });
  expect(await tidings(["command", "echo", "--server", "http://127.0.0.1:1"])).toMatchObject({ code: 3 });
});

test("a signal gives the command up, and its handler is told", async () => {
  await using server = await open();
  const aborted = Promise.withResolvers<unknown>();
  server.tidings.command("wait", {
    handler: async (_input, { signal, progress }) => {
      await progress("begun");
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
      aborted.resolve(signal.reason);
    },
  });
  await using running = new Running(["command", "wait", "--server", server.url]);
  await running.until(({ stderr }) => stderr.includes("begun"));
  running.process.kill("SIGINT");
  expect((await running.ended).code).toBe(130);
  expect(await aborted.promise).toMatchObject({ code: "COMMAND_CANCELLED" });
});
