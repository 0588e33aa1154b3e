import type { ServerResponse } from "node:http";
import type { StreamFrame } from "@tidings/protocol";
import { describe, expect, test } from "vitest";
import type { Transport } from "../../src/core/transport.ts";
import { eventSource } from "../../src/transports/event-source.ts";
import { ndjson } from "../../src/transports/ndjson.ts";
import { longPoll, poll } from "../../src/transports/poll.ts";
import { sse } from "../../src/transports/sse.ts";
import { testContext } from "../support/context.ts";
import { installEventSource } from "../support/event-source.ts";
import { openRaw } from "../support/raw-server.ts";
import { open } from "../support/recorded.ts";
import { openServer } from "../support/server.ts";

installEventSource();

const STREAMS = [
  { transport: sse, type: "text/event-stream" },
  { transport: ndjson, type: "application/x-ndjson" },
] as const;
const ALL: readonly Transport[] = [sse, ndjson, poll, longPoll, eventSource];
const WELCOME = { type: "welcome", connection: "c", heartbeatMs: 15_000, limits: {} };
const NO_PAUSE = { pollMs: 1 };

/** What a server of ours writes of a history with all kinds of payloads, whole and as it came. */
async function record(type: string): Promise<Buffer> {
  await using server = await openServer();
  const { tidings } = server;
  await tidings.publish("a", { text: "é€😀\u2028", nested: [[]] }, { event: "größer", key: "ключ" });
  await tidings.publish("a", "line\r\n\r\nline\n", { event: "text" });
  await tidings.publish("a", Uint8Array.of(0, 13, 10, 255));
  const subscribe = [
    { channel: "a", since: "earliest" },
    { channel: "b", since: "old.7" },
    { channel: "c//" },
  ];
  const response = await fetch(`${server.url}/connect`, {
    method: "POST",
    headers: { accept: type, "content-type": "application/json" },
    body: JSON.stringify({ subscribe }),
  });
  const parts: Uint8Array[] = [];
  for await (const part of response.body ?? []) {
    parts.push(part);
    const text = Buffer.concat(parts).toString();
    if (text.split('"type":"caught-up"').length === 3 && text.endsWith("\n")) break;
  }
  return Buffer.concat(parts);
}

describe.each(STREAMS)("$transport.name: a stream that is cut", ({ transport, type }) => {
  test("at any byte, tells what came whole, and no half frame, and that it ended", async () => {
    const bytes = await record(type);
    await using server = await openRaw((req, res) => {
      req.resume();
      const at = Number(req.url?.split("/")[1]);
      res.writeHead(200, { "content-type": `${type}; charset=utf-8` });
      res.write(bytes.subarray(0, at), () => res.destroy());
    });
    const cutAfter = async (at: number): Promise<readonly StreamFrame[]> => {
      const connection = open(transport, testContext(`${server.url}/${at}`));
      expect(await connection.ended).toMatchObject({ code: "CONNECTION_LOST", retryable: true });
      return connection.frames;
    };
    const whole = await cutAfter(bytes.length);
    const types = whole.map((frame) => frame.type);
    expect(types.filter((each) => each === "message")).toHaveLength(3);
    expect(types).toEqual(expect.arrayContaining(["welcome", "ok", "error", "gap", "caught-up"]));
    const counts: number[] = [];
    for (let from = 0; from < bytes.length; from += 50) {
      const cuts = Array.from({ length: Math.min(50, bytes.length - from) }, (_, index) => from + index);
      const results = await Promise.all(cuts.map(cutAfter));
      for (const [index, frames] of results.entries()) {
        expect(frames, `cut after ${cuts[index]} bytes`).toEqual(whole.slice(0, frames.length));
        counts.push(frames.length);
      }
    }
    // Each frame comes with the byte that makes it whole, and stays.
    expect(counts).toEqual([...counts].sort((one, other) => one - other));
    expect(new Set(counts).size).toBe(whole.length);
  });

  test("into single bytes tells the same", async () => {
    const bytes = await record(type);
    const serve = async (res: ServerResponse, size: number): Promise<void> => {
      res.writeHead(200, { "content-type": type });
      for (let at = 0; at < bytes.length; at += size) {
        await new Promise((resolve) => res.write(bytes.subarray(at, at + size), resolve));
      }
      res.end();
    };
    await using server = await openRaw((req, res) => {
      req.resume();
      void serve(res, req.url?.startsWith("/whole") === true ? bytes.length : 1);
    });
    const whole = open(transport, testContext(`${server.url}/whole`));
    const pieces = open(transport, testContext(server.url));
    await Promise.all([whole.ended, pieces.ended]);
    expect(pieces.frames.length).toBeGreaterThan(5);
    expect(pieces.frames).toEqual(whole.frames);
  });

  test("and says no words of ours is an end, and frames of kinds that are not known are passed on", async () => {
    const lines = [JSON.stringify(WELCOME), '{"type":"tomorrow","channel":"a"}', "not JSON"];
    await using server = await openRaw((req, res) => {
      req.resume();
      res.writeHead(200, { "content-type": type });
      res.write(
        lines.map((line) => (type === "text/event-stream" ? `data: ${line}\n\n` : `${line}\n`)).join(""),
      );
    });
    const connection = open(transport, testContext(server.url));
    expect(await connection.ended).toMatchObject({ code: "CONNECTION_LOST", retryable: true });
    expect(connection.frames.map((frame) => frame.type)).toEqual(["welcome", "tomorrow"]);
  });

  test("shows heartbeats, so that silence can be told from quiet", async () => {
    await using server = await openServer({ limits: { heartbeatMs: 20 } });
    await using connection = open(transport, testContext(server.url), { a: {} });
    expect(await connection.next("welcome")).toMatchObject({ heartbeatMs: 20 });
    await connection.until(() => connection.heartbeats > 2);
  });
});

describe.each(ALL)("$name: what answers and is not the server", (transport) => {
  test.each([
    ["a proxy's page", 200, "text/html", "<html>", "TRANSPORT_BLOCKED"],
    ["a page that forbids", 403, "text/html", "<html>", "TRANSPORT_BLOCKED"],
    ["nothing at all", 204, "", "", "TRANSPORT_BLOCKED"],
    ["a gateway without a server", 502, "text/html", "<html>", "UNREACHABLE"],
  ])("%s is told as what it is, once", async (_, status, type, body, code) => {
    await using server = await openRaw((req, res) => {
      req.resume();
      res.writeHead(status, type === "" ? {} : { "content-type": type }).end(body);
    });
    const connection = open(transport, testContext(server.url, {}, NO_PAUSE), { a: {} });
    // An EventSource does not tell why.
    const expected = transport === eventSource ? "TRANSPORT_BLOCKED" : code;
    expect(await connection.ended).toMatchObject({
      code: expected,
      retryable: transport === eventSource || code === "UNREACHABLE" || status < 300,
    });
    expect(connection.frames).toEqual([]);
  });

  test("a connection that is reset is an end, told once", async () => {
    await using server = await openRaw((req) => req.socket.destroy());
    const connection = open(transport, testContext(server.url, {}, NO_PAUSE), { a: {} });
    expect(await connection.ended).toMatchObject({
      code: expect.stringMatching(/^(UNREACHABLE|CONNECTION_LOST)$/) as string,
    });
  });

  test.skipIf(transport === eventSource)("a problem of the server's own is told with its code", async () => {
    await using server = await openServer({ limits: { maxConnections: 0 } });
    const connection = open(transport, testContext(server.url, {}, { ...NO_PAUSE, waitMs: 1_000 }), {
      a: {},
    });
    if (transport === poll) return connection.connection.close(); // one that is not held is no connection
    expect(await connection.ended).toMatchObject({
      code: "TOO_MANY_CONNECTIONS",
      status: 503,
      retryable: true,
    });
  });
});

describe.each(ALL)("$name: a server that goes down", (transport) => {
  test("ends the connection, and says before or with it when to come back", async () => {
    await using server = await openServer({ drainMs: 50 });
    const connection = open(transport, testContext(server.url, {}, { ...NO_PAUSE, waitMs: 5_000 }), {
      a: {},
    });
    await connection.next("caught-up");
    void server.tidings.drain();
    const error = await connection.ended;
    expect(error.retryable).toBe(true);
    const draining = connection.frames.find((frame) => frame.type === "draining");
    if (transport === poll || transport === longPoll) expect(draining).toBeUndefined();
    else expect(draining?.reconnectInMs).toBeGreaterThan(0);
  });
});

describe("polls", () => {
  test("a long poll that is not held is asked as a short one, and not without end", async () => {
    let asked = 0;
    const fourth = Promise.withResolvers<void>();
    await using server = await openRaw((req, res) => {
      req.resume();
      if (++asked === 4) fourth.resolve();
      res.writeHead(200, { "content-type": "application/x-ndjson" });
      res.end(
        '{"type":"ok","channel":"a","cursor":"e.0"}\n{"type":"caught-up","channel":"a","cursor":"e.0"}\n',
      );
    });
    const startedMs = Date.now();
    await using _ = open(longPoll, testContext(server.url, {}, { pollMs: 200 }), { a: {} });
    await fourth.promise;
    expect(Date.now() - startedMs).toBeGreaterThanOrEqual(350);
  });

  test("a long poll that is not answered requestMs after its time is the end of the connection", async () => {
    await using server = await openRaw((req, res) => {
      req.resume();
      if (req.url !== "/connect?wait=0") return;
      res.writeHead(200, { "content-type": "application/x-ndjson" });
      res.end(
        '{"type":"ok","channel":"a","cursor":"e.0"}\n{"type":"caught-up","channel":"a","cursor":"e.0"}\n',
      );
    });
    const tuning = { ...NO_PAUSE, waitMs: 100, requestMs: 50 };
    const connection = open(longPoll, testContext(server.url, {}, tuning), { a: {} });
    await connection.next("caught-up");
    expect(await connection.ended).toMatchObject({ code: "CONNECTION_LOST", retryable: true });
  });

  test("a page of which the connection is cut is asked for again from the same place by the next connection", async () => {
    await using server = await openRaw((req, res) => {
      req.resume();
      res.writeHead(200, { "content-type": "application/x-ndjson", "content-length": "1000" });
      res.write('{"type":"ok","channel":"a","cursor":"e.0"}\n{"type":"mess', () => res.destroy());
    });
    const connection = open(longPoll, testContext(server.url, {}, NO_PAUSE), { a: {} });
    expect(await connection.ended).toMatchObject({ code: "CONNECTION_LOST", retryable: true });
    expect(connection.frames).toEqual([]);
  });

  test("channels with the names of an object's own members are channels like others", async () => {
    await using server = await openServer();
    const names = ["constructor", "toString", "hasOwnProperty"];
    for (const name of names) await server.tidings.publish(name, name);
    await using connection = open(
      poll,
      testContext(server.url, {}, NO_PAUSE),
      Object.fromEntries(names.map((name) => [name, { since: "earliest" }])),
    );
    for (const name of names) {
      expect(await connection.next("ok", name)).toMatchObject({
        cursor: expect.stringMatching(/\.0$/) as string,
      });
      expect(await connection.next("message", name)).toMatchObject({ data: name });
    }
  });
});

describe("EventSource", () => {
  test("a token that a server takes for none is let go: it gives no ticket for it", async () => {
    await using server = await openServer();
    await using connection = open(eventSource, testContext(server.url, {}, {}, "t"), { a: {} });
    expect(await connection.next("welcome")).toMatchObject({ type: "welcome" });
  });

  test("its heartbeats cannot be seen, and the welcome says so", async () => {
    await using server = await openServer();
    await using connection = open(eventSource, testContext(server.url), { a: {} });
    expect(await connection.next("welcome")).toMatchObject({ heartbeatMs: 0 });
  });
});
