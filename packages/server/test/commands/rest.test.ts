import { expect, test } from "vitest";
import { send } from "@tidings/testing";
import { CommandError } from "../../src/commands/index.ts";
import { openServer } from "../support/logs.ts";
import { until } from "./support.ts";

const json = { "content-type": "application/json" };

test("an answer is bare JSON, and one that is nothing has no body", async () => {
  await using server = await openServer();
  server.tidings.command("math.add", {
    handler: (input) => ({ sum: (input as number[]).reduce((a, b) => a + b) }),
  });
  server.tidings.command("nothing", { handler: () => undefined });
  const added = await send(`${server.url}/commands/math.add`, {
    method: "POST",
    headers: json,
    body: "[1,2]",
  });
  expect(added).toMatchObject({ status: 200, text: '{"sum":3}' });
  const nothing = await send(`${server.url}/commands/nothing`, { method: "POST" });
  expect(nothing).toMatchObject({ status: 204, text: "" });
});

test("a command's own fault is a problem with its own code, status and data", async () => {
  await using server = await openServer();
  server.tidings.command("refuse", {
    handler: () => {
      throw new CommandError("ALREADY_STOPPED", "the run has ended", {
        status: 409,
        retryable: true,
        data: { at: 7 },
      });
    },
  });
  const answer = await send(`${server.url}/commands/refuse`, { method: "POST" });
  expect(answer.status).toBe(409);
  expect(answer.headers["content-type"]).toBe("application/problem+json");
  expect(answer.json()).toMatchObject({
    code: "ALREADY_STOPPED",
    detail: "the run has ended",
    status: 409,
    retryable: true,
    data: { at: 7 },
  });
});

test.each([
  ["no such command", "POST", "no.such", {}, "", 404, "COMMAND_UNKNOWN"],
  ["a name with an empty segment", "POST", "a..b", {}, "", 400, "COMMAND_NAME_INVALID"],
  ["a name with a slash", "POST", "echo%2Fx", {}, "", 400, "COMMAND_NAME_INVALID"],
  ["a name of an object's own", "POST", "__proto__", {}, "", 404, "COMMAND_UNKNOWN"],
  ["a name with a line end", "POST", "echo%0a", {}, "", 400, "COMMAND_NAME_INVALID"],
  ["a name of 256 bytes", "POST", "a".repeat(256), {}, "", 400, "COMMAND_NAME_INVALID"],
  ["another method", "GET", "echo", {}, "", 405, "METHOD_NOT_ALLOWED"],
  ["another method", "DELETE", "echo", {}, "", 405, "METHOD_NOT_ALLOWED"],
  [
    "a form",
    "POST",
    "echo",
    { "content-type": "application/x-www-form-urlencoded" },
    "a=1",
    415,
    "CONTENT_TYPE_UNSUPPORTED",
  ],
  ["what is not JSON", "POST", "echo", json, "{", 400, "BODY_INVALID"],
  ["a parameter that is not known", "POST", "echo?wait=1", {}, "", 400, "QUERY_INVALID"],
  ["no time at all", "POST", "echo?timeout=0", {}, "", 400, "QUERY_INVALID"],
  ["no milliseconds", "POST", "echo?timeoutMs=0", {}, "", 400, "QUERY_INVALID"],
  ["half a millisecond", "POST", "echo?timeoutMs=0.5", {}, "", 400, "QUERY_INVALID"],
  [
    "a representation that is not offered",
    "POST",
    "echo",
    { accept: "text/event-stream" },
    "",
    406,
    "NOT_ACCEPTABLE",
  ],
  ["more input than is taken", "POST", "echo", json, `"${"x".repeat(100)}"`, 413, "MESSAGE_TOO_LARGE"],
])("%s (%s) is refused", async (_, method, path, headers, body, status, code) => {
  await using server = await openServer({ limits: { maxCommandBytes: 50 } });
  server.tidings.command("echo", { handler: (input) => input });
  const answer = await send(`${server.url}/commands/${path}`, {
    method,
    headers: headers as Record<string, string>,
    body,
  });
  expect(answer.status).toBe(status);
  expect(answer.json()).toMatchObject({ code });
  if (status === 405) {
    expect(answer.headers["allow"]).toContain("POST");
    expect((answer.json() as { detail: string }).detail).toContain("POST");
  }
});

test("lines bring the parts as they come, and then the answer", async () => {
  await using server = await openServer();
  const second = Promise.withResolvers<void>();
  server.tidings.command("steps", {
    handler: async (_input, { progress }) => {
      await progress({ step: 1 });
      await second.promise;
      await progress({ step: 2 });
      return "done";
    },
  });
  const response = await fetch(`${server.url}/commands/steps`, {
    method: "POST",
    headers: { accept: "application/x-ndjson" },
  });
  expect(response.headers.get("content-type")).toBe("application/x-ndjson");
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  expect((await reader?.read())?.value).toBe('{"type":"progress","data":{"step":1}}\n');
  second.resolve();
  let rest = "";
  for (let part = await reader?.read(); part?.done === false; part = await reader?.read()) rest += part.value;
  expect(rest).toBe('{"type":"progress","data":{"step":2}}\n{"type":"ok","data":"done"}\n');
});

test("a quiet answer of lines has its head at once, and heartbeats", async () => {
  await using server = await openServer({ limits: { heartbeatMs: 16 } });
  server.tidings.command("quiet", {
    handler: (_input, { signal }) =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error))),
  });
  const gone = new AbortController();
  const response = await fetch(`${server.url}/commands/quiet`, {
    method: "POST",
    headers: { accept: "application/x-ndjson", ...json },
    body: "{}",
    signal: gone.signal,
  });
  const first = await response.body?.getReader().read();
  expect(Buffer.from(first?.value ?? []).toString()).toContain('{"type":"heartbeat"}\n');
  gone.abort();
});

test("a handler is told when its caller has gone, and at the deadline that the caller asked for", async () => {
  await using server = await openServer();
  const reasons: string[] = [];
  const begun: string[] = [];
  server.tidings.command("wait", {
    handler: async (_input, { signal }) => {
      begun.push("begun");
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
      reasons.push((signal.reason as { code: string }).code);
    },
  });
  const late = await send(`${server.url}/commands/wait?timeout=0.02`, { method: "POST" });
  expect(late.json()).toMatchObject({ code: "COMMAND_TIMEOUT", status: 504, retryable: true });
  const gone = new AbortController();
  const cut = fetch(`${server.url}/commands/wait`, { method: "POST", signal: gone.signal }).catch(
    () => undefined,
  );
  await until(() => begun.length === 2);
  gone.abort();
  await cut;
  await until(() => reasons.length === 2);
  expect(reasons).toEqual(["COMMAND_TIMEOUT", "COMMAND_CANCELLED"]);
  const soon = await send(`${server.url}/commands/wait?timeoutMs=20&timeout=60`, { method: "POST" });
  expect(soon.json()).toMatchObject({ code: "COMMAND_TIMEOUT" });
});

test("what can be called is listed", async () => {
  await using server = await openServer({ commands: [{ pattern: "evals.*", url: "http://127.0.0.1:1/" }] });
  const unregister = server.tidings.command("echo", {
    description: "Says it again.",
    handler: (input) => input,
  });
  const list = async (): Promise<unknown> => (await send(`${server.url}/commands`)).json();
  expect(await list()).toEqual({
    commands: [{ name: "echo", description: "Says it again." }, { pattern: "evals.*" }],
  });
  unregister();
  expect(await list()).toEqual({ commands: [{ pattern: "evals.*" }] });
});

test("a drain finishes what is being worked on and takes nothing new", async () => {
  await using server = await openServer({ drainMs: 5_000 });
  const answer = Promise.withResolvers<string>();
  server.tidings.command("slow", { handler: () => answer.promise });
  const first = server.tidings.invoke("slow");
  const overHttp = fetch(`${server.url}/commands/slow`, { method: "POST" });
  await until(async () => (await send(`${server.url}/healthz`)).status === 200);
  const drained = server.tidings.drain();
  await expect(server.tidings.invoke("slow")).rejects.toMatchObject({ code: "DRAINING" });
  answer.resolve("finished");
  expect(await first).toBe("finished");
  expect(await (await overHttp).json()).toBe("finished");
  await drained;
});
