import { CommandError, type CommandContext } from "tidings";
import { describe, expect, test, vi } from "vitest";
import { type Asks, createAsks } from "../src/core/asks.ts";
import { TidingsError } from "../src/errors.ts";
import type { Tuning } from "../src/types.ts";
import { type Begin, contextOf, fakeAsker, type FakeRequests, fakeRequests } from "./support/fakes.ts";
import {
  answer,
  type Front,
  openFront,
  openServer,
  silence,
  type TestServer,
  withoutStreams,
} from "./support/front.ts";
import { openSocket } from "./support/socket.ts";

function open(
  url: string,
  begin: Begin = {},
  tuning: Partial<Tuning> = {},
): {
  readonly commands: Asks;
  readonly requests: FakeRequests;
  readonly reported: readonly TidingsError[];
} {
  const requests = fakeRequests(begin);
  const context = contextOf(url, {}, tuning);
  const commands = createAsks(context, requests);
  return { requests, commands, reported: context.reported };
}

/** A server whose commands a test needs. */
async function openCommands(): Promise<
  TestServer & { readonly calls: unknown[]; readonly aborted: Promise<unknown> }
> {
  const server = await openServer();
  const calls: unknown[] = [];
  let tellAborted: (reason: unknown) => void;
  const aborted = new Promise((resolve) => {
    tellAborted = resolve;
  });
  const { tidings } = server;
  tidings.command("echo", {
    handler: (input) => {
      calls.push(input);
      return input;
    },
  });
  tidings.command("nothing", { handler: () => undefined });
  tidings.command("own", {
    handler: () => {
      throw new CommandError("OUT_OF_STOCK", "none left", { retryable: true, data: { left: 0 } });
    },
  });
  tidings.command("parts", {
    handler: async (_input, { progress }: CommandContext) => {
      for (const n of [1, 2, 3]) await progress({ n });
      return "done";
    },
  });
  tidings.command("never", {
    handler: (_input, { signal }: CommandContext) =>
      new Promise((_, reject) => {
        signal.addEventListener("abort", () => {
          tellAborted(signal.reason);
          reject(new Error("given up"));
        });
      }),
  });
  return { ...server, calls, aborted };
}

const EACH = ["REST", "a WebSocket"] as const;

describe.each(EACH)("a command over %s", (way) => {
  const openOver = async (url: string): Promise<ReturnType<typeof open> & AsyncDisposable> => {
    const socket = way === "REST" ? undefined : await openSocket(url);
    return {
      ...open(url, socket && { connection: socket }),
      [Symbol.asyncDispose]: async () => socket?.end(),
    };
  };

  test("is answered with any JSON, or nothing", async () => {
    await using server = await openCommands();
    await using over = await openOver(server.url);
    for (const input of [{ id: 1 }, [], "text", "", 0, false, null]) {
      expect(await over.commands.command("echo", input)).toEqual(input);
    }
    expect(await over.commands.command("nothing", undefined)).toBeUndefined();
    expect(over.requests.sends).toBe(8);
  });

  test("tells its parts ahead of its answer; a listener that throws is reported, and ends nothing", async () => {
    await using server = await openCommands();
    await using over = await openOver(server.url);
    const parts: unknown[] = [];
    const onProgress = (data: unknown): void => {
      parts.push(data);
      throw new Error("mine");
    };
    expect(await over.commands.command("parts", {}, { onProgress })).toBe("done");
    expect(parts).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
    expect(over.reported.map(({ code }) => code)).toEqual([
      "LISTENER_FAILED",
      "LISTENER_FAILED",
      "LISTENER_FAILED",
    ]);
    expect(await over.commands.command("nothing", undefined, { onProgress })).toBeUndefined();
  });

  test("fails with its own fault, whether it has a key or parts, and is not called again", async () => {
    await using server = await openCommands();
    await using over = await openOver(server.url);
    for (const options of [{}, { idempotencyKey: "k" }, { onProgress: () => undefined }]) {
      await expect(over.commands.command("own", {}, options)).rejects.toMatchObject({
        code: "OUT_OF_STOCK",
        message: "none left",
        retryable: true,
        data: { left: 0 },
      });
    }
    await expect(over.commands.command("unknown", {})).rejects.toMatchObject({ code: "COMMAND_UNKNOWN" });
  });

  test("is given up by its caller, and the server is told", async () => {
    await using server = await openCommands();
    await using over = await openOver(server.url);
    const caller = new AbortController();
    const called = over.commands.command("never", {}, { signal: caller.signal });
    setTimeout(() => caller.abort(), 50);
    await expect(called).rejects.toMatchObject({ code: "ABORTED" });
    await server.aborted;
    await expect(over.commands.command("echo", 1, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "ABORTED",
    });
  });

  test("is over with its time, here and there", async () => {
    await using server = await openCommands();
    await using over = await openOver(server.url);
    const called = over.commands.command("never", {}, { timeoutMs: 50.5 });
    await expect(called).rejects.toMatchObject({ code: "COMMAND_TIMEOUT" });
    await server.aborted;
  });

  test("that the client closes on fails with CLOSED", async () => {
    await using server = await openCommands();
    await using over = await openOver(server.url);
    const called = over.commands.command("never", {});
    setTimeout(() => over.requests.change({ state: { name: "closed", sinceMs: 0 } }), 20);
    await expect(called).rejects.toMatchObject({ code: "CLOSED" });
    await expect(over.commands.command("echo", 1)).rejects.toMatchObject({ code: "CLOSED" });
  });

  test("what JSON cannot say is not sent", async () => {
    const { commands } = open("http://127.0.0.1:9");
    await expect(commands.command("echo", 1n)).rejects.toMatchObject({ code: "PAYLOAD_INVALID" });
  });
});

describe("a command whose answer is lost", () => {
  test("fails with UNREACHABLE or CONNECTION_LOST without a key, since it may have been done", async () => {
    await using server = await openCommands();
    await using front = await openFront(server.url);
    const { commands } = open(front.url);
    front.faults.push(({ lose }) => lose());
    await expect(commands.command("echo", 1)).rejects.toMatchObject({ code: "UNREACHABLE" });
    front.faults.push(({ res }) => {
      res.writeHead(200, { "content-length": "10" }).write("1");
      setTimeout(() => res.destroy(), 20);
    });
    await expect(commands.command("echo", 2)).rejects.toMatchObject({ code: "CONNECTION_LOST" });
    front.faults.push(({ res }) => {
      res.writeHead(200).end('{"type":"progress","data":1}\n{"type":"ok","data":2}');
    });
    await expect(commands.command("echo", 3, { onProgress: () => undefined })).rejects.toMatchObject({
      code: "CONNECTION_LOST",
    });
    expect(front.seen).toHaveLength(3);
    expect(server.calls).toEqual([1]);
  });

  test("with a key is called again until it is answered, and done once", async () => {
    await using server = await openCommands();
    await using front = await openFront(server.url);
    const { commands } = open(front.url);
    front.faults.push(
      ({ lose }) => lose(),
      answer(502),
      answer(503, {}, { code: "DRAINING", detail: "going", retryable: true }),
      ({ lose }) => lose(),
    );
    expect(await commands.command("echo", { n: 1 }, { idempotencyKey: "k1" })).toEqual({ n: 1 });
    expect(server.calls).toEqual([{ n: 1 }]);
    expect(front.seen).toHaveLength(5);
  });

  test("with a key goes on over another connection", async () => {
    await using server = await openCommands();
    const socket = fakeAsker();
    const { commands, requests } = open(server.url, { connection: socket });
    const called = commands.command("echo", 1, { idempotencyKey: "k1", timeoutMs: 5_000 });
    const { timeoutMs, ...frame } = (await socket.until(1)).frame;
    expect(frame).toEqual({ type: "command", name: "echo", data: 1, idempotencyKey: "k1" });
    // What is left of it.
    expect(timeoutMs).toBeGreaterThan(4_000);
    expect(timeoutMs).toBeLessThanOrEqual(5_000);
    await using next = await openSocket(server.url);
    requests.change({ connection: next });
    socket.lose(new TidingsError("CONNECTION_LOST", "cut."));
    expect(await called).toBe(1);
    expect(next.sent).toHaveLength(1);
  });

  test("with a key is over with its time", async () => {
    await using front = await openFront();
    front.faults.push(silence, silence, silence);
    const { commands } = open(front.url);
    const called = commands.command("echo", 1, { idempotencyKey: "k", timeoutMs: 50 });
    await expect(called).rejects.toMatchObject({ code: "COMMAND_TIMEOUT" });
  });
});

describe("a command without a network", () => {
  test("fails with OFFLINE, surely not done; with a key it waits", async () => {
    await using server = await openCommands();
    const { commands, requests } = open(server.url, { isOnline: false });
    await expect(commands.command("echo", 1)).rejects.toMatchObject({ code: "OFFLINE", retryable: true });
    const waiting = commands.command("echo", 2, { idempotencyKey: "k" });
    requests.change({ isOnline: true });
    expect(await waiting).toBe(2);
    expect(server.calls).toEqual([2]);
  });

  test("does not wait for others", async () => {
    await using server = await openCommands();
    const front: Front = await openFront(server.url);
    await using _ = front;
    const { commands, requests } = open(front.url);
    front.faults.push(answer(503, { "retry-after": "100" }));
    const waiting = commands.command("echo", 1, { idempotencyKey: "k" }).catch(() => undefined);
    await vi.waitUntil(() => front.seen.length === 1);
    expect(await commands.command("echo", 2)).toBe(2);
    requests.change({ state: { name: "closed", sinceMs: 0 } });
    await waiting;
  });
});

test("parts and answer are there also where the platform's fetch does not stream", async () => {
  await using server = await openCommands();
  const commands = createAsks(contextOf(server.url, { fetch: withoutStreams }), fakeRequests());
  const parts: unknown[] = [];
  expect(await commands.command("parts", {}, { onProgress: (part) => parts.push(part) })).toBe("done");
  expect(parts).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
});

test("lines that are cut anywhere are the same answer", async () => {
  await using front = await openFront();
  const { commands } = open(front.url);
  const bytes = Buffer.from(
    '{"type":"heartbeat"}\n{"type":"progress","data":"ü🙂"}\n\n{"type":"ok","data":"ß"}\n',
  );
  for (let cut = 1; cut < bytes.length; cut += 3) {
    front.faults.push(async ({ res }) => {
      res.writeHead(200).write(bytes.subarray(0, cut));
      await new Promise((resolve) => setTimeout(resolve, 2));
      res.end(bytes.subarray(cut));
    });
    const parts: unknown[] = [];
    expect(await commands.command("a", 1, { onProgress: (data) => parts.push(data) })).toBe("ß");
    expect(parts).toEqual(["ü🙂"]);
  }
});
