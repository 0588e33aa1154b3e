import { expect, test, vi } from "vitest";
import { Writable } from "node:stream";
import { pino } from "pino";
import { CommandError } from "../../src/commands/index.ts";
import { openServer } from "../support/logs.ts";
import { RawClient } from "../support/raw-client.ts";
import { DEFAULT_LIMITS } from "@tidings/protocol";
import { ABANDON_MS, type Caller, Commands } from "../../src/commands/commands.ts";
import { frame, handshake, OPCODE } from "../support/raw-web-socket.ts";
import { until } from "./support.ts";

const cycle: { self?: unknown } = {};
cycle.self = cycle;

test.each([
  [
    "throws",
    () => {
      throw new Error("secret of the house");
    },
  ],
  ["rejects", () => Promise.reject(new Error("secret of the house"))],
  [
    "throws what is no error",
    () => {
      // oxlint-disable-next-line typescript/only-throw-error -- a handler may
      throw "secret of the house";
    },
  ],
  ["answers a BigInt", () => 1n],
  ["answers a cycle", () => cycle],
  ["answers a function", () => () => 1],
  ["answers more than may be", () => "x".repeat(2_000_000)],
  [
    "answers with a toJSON that throws",
    () => ({
      toJSON: () => {
        throw new Error("secret of the house");
      },
    }),
  ],
  [
    "answers with a then that throws",
    () => ({
      // oxlint-disable-next-line unicorn/no-thenable -- what is tried
      get then() {
        throw new Error("secret of the house");
      },
    }),
  ],
  [
    "tells a fault whose data has no JSON",
    () => {
      throw new CommandError("OWN", "own", { data: cycle });
    },
  ],
])("a handler that %s is a failure that the log tells and the caller does not see", async (_, handler) => {
  const lines: string[] = [];
  const logger = pino(
    new Writable({
      write: (line, _encoding, done) => {
        lines.push(String(line));
        done();
      },
    }),
  );
  await using server = await openServer({ logger });
  server.tidings.command("bad", { handler: handler as () => unknown });
  const response = await fetch(`${server.url}/commands/bad`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '"payload of the caller"',
  });
  expect(response.status).toBe(500);
  const text = await response.text();
  expect(JSON.parse(text)).toMatchObject({ code: "COMMAND_FAILED" });
  expect(text).not.toContain("secret");
  expect(lines.join("")).toContain('"command":"bad"');
  expect(lines.join("")).not.toContain("payload of the caller");
});

test("a handler that never settles holds neither its caller nor the server's end", async () => {
  await using server = await openServer();
  server.tidings.command("forever", { handler: () => new Promise(() => undefined) });
  const response = await fetch(`${server.url}/commands/forever?timeout=0.01`, { method: "POST" });
  expect(response.status).toBe(504);
  const left = server.tidings.invoke("forever");
  await server.tidings.close();
  await expect(left).rejects.toMatchObject({ code: "DRAINING" });
});

test("progress that is told without waiting, to a client that does not read, ends the command and not the server", async () => {
  await using server = await openServer();
  let told = 0;
  const ended = Promise.withResolvers<string>();
  server.tidings.command("flood", {
    handler: (_input, { progress, signal }) => {
      for (; told < 1_000_000 && !signal.aborted; told++) void progress("x".repeat(1_000));
      ended.resolve(String((signal.reason as Error | undefined)?.message));
    },
  });
  await using client = await RawClient.open(server.port);
  client.socket.pause();
  client.send(
    "POST /commands/flood HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/x-ndjson\r\nContent-Length: 0\r\n\r\n",
  );
  expect(await ended.promise).toContain("await progress()");
  expect(told).toBeLessThan(10_000);
  client.socket.resume();
  await client.until('"code":"COMMAND_FAILED"');
});

test("a handler that waits for its progress goes as slowly as its client reads, and stops when that is gone", async () => {
  await using server = await openServer();
  let told = 0;
  let ended: unknown;
  server.tidings.command("pour", {
    handler: async (_input, { progress }) => {
      try {
        for (;;) {
          await progress("x".repeat(10_000));
          told++;
        }
      } catch (error) {
        ended = error;
        throw error;
      }
    },
  });
  await using client = await RawClient.open(server.port);
  client.socket.pause();
  client.send(
    "POST /commands/pour HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/x-ndjson\r\nContent-Length: 0\r\n\r\n",
  );
  let before = -1;
  // The kernel's own buffers have to fill before anything stands still.
  await until(async () => {
    const same = told === before && told > 0;
    before = told;
    await new Promise((resolve) => setTimeout(resolve, 20));
    return same;
  });
  client.socket.destroy();
  await until(() => ended !== undefined);
  expect(ended).toMatchObject({ code: "COMMAND_CANCELLED" });
});

test("a WebSocket that is not read holds its handler's progress back, and its other commands are bounded", async () => {
  await using server = await openServer();
  const ended = Promise.withResolvers<string>();
  server.tidings.command("flood", {
    handler: (_input, { progress, signal }) => {
      for (let told = 0; told < 1_000_000 && !signal.aborted; told++) void progress("x".repeat(1_000));
      ended.resolve(String((signal.reason as Error | undefined)?.message));
    },
  });
  await using client = await RawClient.open(server.port);
  client.send(handshake("/connect", { "Sec-WebSocket-Protocol": "tidings.v1" }));
  await client.until('"welcome"');
  client.socket.pause();
  client.send(frame(OPCODE.text, JSON.stringify({ type: "command", id: "1", name: "flood" })));
  expect(await ended.promise).toContain("await progress()");
  client.socket.resume();
  await client.until('"code":"COMMAND_FAILED"');
});

test("a handler that does not heed its abort keeps its caller's place, and not for good", async () => {
  vi.useFakeTimers();
  const commands = new Commands(DEFAULT_LIMITS, pino({ level: "silent" }));
  try {
    commands.registry.add("forever", { run: () => new Promise(() => undefined) });
    const caller: Caller = { transport: "websocket", maxInFlight: 1, inFlight: 0 };
    const codes: string[] = [];
    const request = {
      name: "forever",
      input: undefined,
      caller,
      onDone: (outcome: { ok: boolean; fault?: { code: string } }) =>
        void codes.push(outcome.fault?.code ?? "ok"),
    };
    commands.call(request).cancel();
    expect(codes).toEqual(["COMMAND_CANCELLED"]);
    expect(() => commands.call(request)).toThrow(/as many as may be/);
    await vi.advanceTimersByTimeAsync(ABANDON_MS);
    expect([caller.inFlight, commands.inFlight]).toEqual([0, 0]);
    commands.call(request);
  } finally {
    commands.close();
    vi.useRealTimers();
  }
});
