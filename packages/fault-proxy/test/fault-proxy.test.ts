import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { type FaultProxy, faultProxy } from "../src/index.ts";

/** Answers with what it was sent; streams what it is told to; echoes on WebSockets. */
class EchoServer implements AsyncDisposable {
  readonly url: string;
  /** `METHOD /path` of each request, once it is whole. */
  readonly requests: string[] = [];
  /** Answers that are open. */
  readonly streams: ServerResponse[] = [];
  readonly ended: Promise<void>[] = [];
  readonly #server: ReturnType<typeof createServer>;
  readonly #sockets: WebSocketServer;
  #onStream: (() => void) | undefined;

  static async open(): Promise<EchoServer> {
    const server = createServer();
    await once(server.listen(0, "127.0.0.1"), "listening");
    return new EchoServer(server);
  }

  private constructor(server: ReturnType<typeof createServer>) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on("request", (req, res) => void this.#answer(req, res));
    this.#sockets = new WebSocketServer({ server });
    this.#sockets.on("connection", (socket) => {
      socket.on("message", (data) => socket.send(String(data as Buffer)));
      socket.on("error", () => undefined);
    });
  }

  async stream(): Promise<ServerResponse> {
    if (this.streams.length === 0) await new Promise<void>((resolve) => (this.#onStream = resolve));
    return this.streams[0] as ServerResponse;
  }

  async #answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    let body = "";
    try {
      for await (const chunk of req) body += String(chunk);
    } catch {
      return; // cut
    }
    this.requests.push(`${req.method} ${req.url}`);
    if (req.url === "/stream") {
      const { promise, resolve } = Promise.withResolvers<void>();
      res.on("close", resolve);
      this.ended.push(promise);
      this.streams.push(res);
      res.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
      this.#onStream?.();
      return;
    }
    res.end(`${req.method} ${body === "" ? req.url : body}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** A client whose bytes the test writes and sees itself. */
class Raw implements Disposable {
  readonly socket: Socket;
  received = "";
  readonly closed: Promise<"closed" | "reset">;
  readonly ended: Promise<void>;
  #onData: (() => void) | undefined;

  constructor(url: string) {
    this.socket = connect({ port: Number(new URL(url).port), host: "127.0.0.1", allowHalfOpen: true });
    let isReset = false;
    this.socket.on("data", (chunk: Buffer) => {
      this.received += chunk.toString("latin1");
      this.#onData?.();
    });
    this.socket.on("error", () => (isReset = true));
    this.ended = new Promise((resolve) => this.socket.on("end", resolve));
    this.closed = new Promise((resolve) =>
      this.socket.on("close", () => resolve(isReset ? "reset" : "closed")),
    );
  }

  get(path: string, headers = ""): this {
    this.socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n${headers}\r\n`);
    return this;
  }

  async until(text: string): Promise<string> {
    while (!this.received.includes(text)) await new Promise<void>((resolve) => (this.#onData = resolve));
    return this.received;
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

const UPGRADE =
  "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";

async function openWebSocket(proxy: FaultProxy): Promise<WebSocket> {
  const socket = new WebSocket(proxy.url);
  socket.on("error", () => undefined);
  await once(socket, "open");
  return socket;
}

/** The status that an upgrade is refused with. */
async function refusal(proxy: FaultProxy): Promise<number | undefined> {
  const socket = new WebSocket(proxy.url);
  socket.on("error", () => undefined);
  const [, response] = (await once(socket, "unexpected-response")) as [unknown, IncomingMessage];
  response.destroy();
  return response.statusCode;
}

const post = async (proxy: FaultProxy, body: string): Promise<string> =>
  (await fetch(proxy.url, { method: "POST", body })).text();

describe("a proxy without a fault", () => {
  test("passes requests, streams and WebSockets on as they are, several on a connection", async () => {
    await using server = await EchoServer.open();
    await using proxy = await faultProxy(server.url);
    const body = "x".repeat(3_000_000);
    expect(await post(proxy, body)).toBe(`POST ${body}`);
    using raw = new Raw(proxy.url);
    expect(await raw.get("/a").get("/b").until("GET /b")).toContain("GET /a");
    using stream = new Raw(proxy.url).get("/stream");
    (await server.stream()).write("one");
    await stream.until("one");
    const socket = await openWebSocket(proxy);
    socket.send("hello");
    expect(String((await once(socket, "message"))[0])).toBe("hello");
    socket.terminate();
  });

  test("counts what passes: connections, the most at once, attempts, requests and upgrades", async () => {
    await using server = await EchoServer.open();
    await using proxy = await faultProxy(server.url);
    const seen = proxy.request(({ path }) => path === "/b");
    using first = new Raw(proxy.url).get("/a?x=1");
    using second = new Raw(proxy.url).get("/b", "Accept: application/x-ndjson\r\n");
    expect(await seen).toMatchObject({ method: "GET", target: "/b", isStream: true, isUpgrade: false });
    await first.until("GET ");
    expect(proxy.connections).toBe(2);
    first.socket.destroy();
    await proxy.held(1);
    second.socket.destroy();
    await proxy.held(0);
    const socket = await openWebSocket(proxy);
    expect(proxy.maxConnections).toBe(2);
    expect(proxy.attempts).toHaveLength(3);
    expect(proxy.counts).toEqual({ "GET /a": 1, "GET /b": 1, "GET /": 1 });
    expect(proxy.upgrades).toBe(1);
    socket.terminate();
    proxy.resetCounts();
    expect([proxy.attempts.length, proxy.requests.length]).toEqual([0, 0]);
  });

  test("counts bytes as clients see them, both ways, with what it says itself, and keeps nothing else where it is not to", async () => {
    await using server = await EchoServer.open();
    await using proxy = await faultProxy(server.url, { isRecording: false });
    using first = new Raw(proxy.url).get("/a", "Connection: close\r\n");
    await first.ended;
    proxy.inject({ kind: "answer", status: 503 });
    using second = new Raw(proxy.url).get("/b");
    await second.ended;
    expect(proxy.totals).toEqual({
      upBytes: first.socket.bytesWritten + second.socket.bytesWritten,
      downBytes: first.received.length + second.received.length,
      requests: 2,
      connections: 2,
    });
    expect([proxy.attempts.length, proxy.requests.length, proxy.maxConnections]).toEqual([0, 0, 0]);
  });

  test("leads to another server once it is told to", async () => {
    await using one = await EchoServer.open();
    await using other = await EchoServer.open();
    await using proxy = await faultProxy(one.url);
    proxy.retarget(other.url);
    await post(proxy, "a");
    expect([one.requests.length, other.requests.length]).toEqual([0, 1]);
  });

  test("resets a client whose server is not there", async () => {
    const server = await EchoServer.open();
    await using proxy = await faultProxy(server.url);
    await server[Symbol.asyncDispose]();
    using raw = new Raw(proxy.url).get("/");
    expect(await raw.closed).toBe("reset");
  });
});

describe("faults of upgrades", () => {
  test.each([426, 400, 403])("upgrades are refused with %i, and other requests pass", async (status) => {
    await using server = await EchoServer.open();
    await using proxy = await faultProxy(server.url);
    const fault = proxy.inject({ kind: "refuse-upgrades", status });
    expect(await refusal(proxy)).toBe(status);
    expect(await post(proxy, "a")).toBe("POST a");
    fault.lift();
    (await openWebSocket(proxy)).terminate();
  });

  test("upgrades are swallowed: the 101 passes, and nothing after it in either direction", async () => {
    await using server = await EchoServer.open();
    await using proxy = await faultProxy(server.url);
    const fault = proxy.inject({ kind: "swallow-upgrades" });
    const socket = await openWebSocket(proxy);
    await fault.struck();
    socket.on("message", () => expect.fail("nothing may come"));
    socket.send("hello");
    fault.lift();
    const later = await openWebSocket(proxy);
    later.send("hello");
    await once(later, "message");
    socket.terminate();
    later.terminate();
    await proxy.held(0);
  });

  test("upgrades are swallowed: not even the 101 comes, and the server sees nothing", async () => {
    await using server = await EchoServer.open();
    await using proxy = await faultProxy(server.url);
    const fault = proxy.inject({ kind: "swallow-upgrades", when: "before" });
    using raw = new Raw(proxy.url).get("/", UPGRADE);
    await fault.struck();
    expect(await post(proxy, "a")).toBe("POST a");
    expect(raw.received).toBe("");
  });

  test("an open WebSocket goes silent", async () => {
    await using server = await EchoServer.open();
    await using proxy = await faultProxy(server.url);
    const socket = await openWebSocket(proxy);
    const fault = proxy.inject({ kind: "swallow-upgrades" }, { on: "open" });
    expect(fault.strikes).toBe(1);
    (await openWebSocket(proxy)).terminate();
    // Not even the server's end is told.
    await server[Symbol.asyncDispose]();
    const asked = new Raw(proxy.url).get("/");
    expect(await asked.closed).toBe("reset");
    expect(socket.readyState).toBe(WebSocket.OPEN);
    socket.terminate();
    await proxy.held(0);
  });
});

describe("buffering", () => {
  test("an answer comes when it is whole, a stream not before it ends, and an upgrade reaches the server without its headers", async () => {
    await using server = await EchoServer.open();
    await using proxy = await faultProxy(server.url);
    const fault = proxy.inject({ kind: "buffer" });
    expect(await post(proxy, "a")).toBe("POST a");
    using stream = new Raw(proxy.url).get("/stream");
    const answer = await server.stream();
    answer.write("one");
    await fault.struck(2);
    expect(await refusal(proxy)).toBe(200);
    expect(stream.received).toBe("");
    answer.end("two");
    expect(await stream.until("0\r\n\r\n")).toMatch(/one[^]*two/);
  });

  test("what was held is passed on once the fault is lifted", async () => {
    await using server = await EchoServer.open();
    await using proxy = await faultProxy(server.url);
    const fault = proxy.inject({ kind: "buffer" }, { only: ({ path }) => path === "/stream" });
    using stream = new Raw(proxy.url).get("/stream");
    (await server.stream()).write("one");
    await fault.struck();
    fault.lift();
    await stream.until("one");
  });

  test("of a stream 1 MiB is held and the server waits with the rest; an answer that ends is held whole", async () => {
    await using server = await EchoServer.open();
    await using proxy = await faultProxy(server.url);
    const fault = proxy.inject({ kind: "buffer" });
    const body = "x".repeat(3_000_000);
    expect(await post(proxy, body)).toBe(`POST ${body}`);
    using stream = new Raw(proxy.url).get("/stream", "Accept: text/event-stream\r\n");
    const answer = await server.stream();
    const chunk = "y".repeat(1_000_000);
    let count = 0;
    // More than a system's own buffers take: at last it waits, and without a bound it never would.
    while (answer.writableLength < 1_000_000 && count < 64) {
      answer.write(chunk);
      count++;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(count).toBeLessThan(64);
    fault.lift();
    answer.end("whole");
    await stream.until("whole");
    expect(stream.received.length).toBeGreaterThan(count * 1_000_000);
  });
});

describe("cuts", () => {
  test("after exactly so many bytes of the answer, whatever their number", async () => {
    await using server = await EchoServer.open();
    await using proxy = await faultProxy(server.url);
    using whole = new Raw(proxy.url).get("/", "Connection: close\r\n");
    await whole.ended;
    const before = whole.received.replace(/Date: .*/, "");
    for (let responseBytes = 0; responseBytes < whole.received.length; responseBytes++) {
      using fault = proxy.inject({ kind: "cut", responseBytes }, { on: "new" });
      using raw = new Raw(proxy.url).get("/", "Connection: close\r\n");
      await raw.ended;
      expect(raw.received).toHaveLength(responseBytes);
      expect(fault.strikes).toBe(1);
      expect(before.startsWith(raw.received.slice(0, 15))).toBe(true);
    }
  });

  test("after so many bytes of an answer, and not of several on a connection, where it is for requests", async () => {
    await using server = await EchoServer.open();
    await using proxy = await faultProxy(server.url);
    const fault = proxy.inject({ kind: "cut", responseBytes: 300 }, { only: "polls" });
    using raw = new Raw(proxy.url).get("/1");
    await raw.until("GET /1");
    raw.get("/2");
    await raw.until("GET /2");
    raw.get(`/${"3".repeat(300)}`);
    await raw.ended;
    expect(raw.received.length).toBeGreaterThan(300);
    expect(raw.received).toMatch(/GET \/3+$/);
    expect(fault.strikes).toBe(1);
  });

  test("after exactly so many bytes of the request, as often as it is told to", async () => {
    await using server = await EchoServer.open();
    await using proxy = await faultProxy(server.url);
    const fault = proxy.inject({ kind: "cut", requestBytes: 10 }, { times: 2 });
    await expect(post(proxy, "a")).rejects.toThrow("fetch failed");
    await expect(post(proxy, "a")).rejects.toThrow("fetch failed");
    expect(await post(proxy, "a")).toBe("POST a");
    expect(fault.strikes).toBe(2);
    expect(server.requests).toHaveLength(1);
  });

  test("an open stream after so many more bytes", async () => {
    await using server = await EchoServer.open();
    await using proxy = await faultProxy(server.url);
    using stream = new Raw(proxy.url).get("/stream");
    const answer = await server.stream();
    answer.write("one");
    const before = (await stream.until("one\r\n")).length;
    proxy.inject({ kind: "cut", responseBytes: 4 }, { on: "open", only: ({ path }) => path === "/stream" });
    answer.write("two");
    await stream.ended;
    expect(stream.received).toHaveLength(before + 4);
    await server.ended[0];
  });

  test("at a fixed age, open connections too", async () => {
    await using server = await EchoServer.open();
    await using proxy = await faultProxy(server.url);
    using old = new Raw(proxy.url).get("/stream");
    await old.until("\r\n\r\n");
    proxy.inject({ kind: "cut", ageMs: 150 });
    const beganMs = performance.now();
    using young = new Raw(proxy.url).get("/");
    const first = await Promise.race([old.ended.then(() => "old"), young.ended.then(() => "young")]);
    expect(first).toBe("old");
    await young.ended;
    expect(performance.now() - beganMs).toBeGreaterThan(148);
  });

  test("by a reset, on open connections and at once on new ones", async () => {
    await using server = await EchoServer.open();
    await using proxy = await faultProxy(server.url);
    using open = new Raw(proxy.url).get("/stream");
    await open.until("\r\n\r\n");
    const fault = proxy.inject({ kind: "cut", how: "reset" }, { only: ({ path }) => path !== "/kept" });
    expect(await open.closed).toBe("reset");
    using later = new Raw(proxy.url).get("/stream");
    expect(await later.closed).toBe("reset");
    using kept = new Raw(proxy.url).get("/kept");
    await kept.until("GET ");
    expect(fault.strikes).toBe(2);
    proxy.inject({ kind: "cut", how: "reset" }, { on: "new" });
    using refused = new Raw(proxy.url);
    expect(await refused.closed).toBe("reset");
  });

  test("by half: the client gets an end, and the server still reads", async () => {
    await using server = await EchoServer.open();
    await using proxy = await faultProxy(server.url);
    using stream = new Raw(proxy.url).get("/stream");
    await stream.until("\r\n\r\n");
    proxy.inject({ kind: "cut", how: "half-down" }, { on: "open" });
    await stream.ended;
    const answer = await server.stream();
    expect(answer.writable && !answer.destroyed).toBe(true);
    stream.socket.end();
    await server.ended[0];
  });

  test("by half: the server gets an end, and what it still says reaches the client", async () => {
    await using server = await EchoServer.open();
    await using proxy = await faultProxy(server.url);
    using raw = new Raw(proxy.url);
    const fault = proxy.inject(
      { kind: "cut", requestBytes: "GET / HTTP/1.1\r\nHost: a\r\n\r\n".length, how: "half-up" },
      { times: 1 },
    );
    raw.get("/");
    await fault.struck();
    // Node.js ends a connection that its client has ended, after the answer.
    await raw.ended;
    expect(raw.received).toContain("GET ");
  });

  test("by half after some bytes of the answer: all of the answer reaches the client", async () => {
    await using server = await EchoServer.open();
    await using proxy = await faultProxy(server.url);
    using stream = new Raw(proxy.url).get("/stream");
    const answer = await server.stream();
    await stream.until("\r\n\r\n");
    const fault = proxy.inject({ kind: "cut", responseBytes: 6, how: "half-up" }, { on: "open", times: 1 });
    answer.write("one, two and three");
    await fault.struck();
    expect(await stream.until("three")).toContain("one, two and three");
  });
});

describe("stalls and delays", () => {
  test("bytes of an open stream stop, and go on when it is lifted", async () => {
    await using server = await EchoServer.open();
    await using proxy = await faultProxy(server.url);
    using stream = new Raw(proxy.url).get("/stream");
    const answer = await server.stream();
    await stream.until("\r\n\r\n");
    const fault = proxy.inject({ kind: "stall", direction: "down" }, { on: "open" });
    answer.write("one");
    await fault.struck();
    answer.write("two");
    expect(await post(proxy, "a")).toBe("POST a");
    expect(stream.received).not.toContain("one");
    fault.lift();
    expect(await stream.until("two")).toMatch(/one[^]*two/);
  });

  test("the server does not notice that a client has gone", async () => {
    await using server = await EchoServer.open();
    await using proxy = await faultProxy(server.url);
    using stream = new Raw(proxy.url).get("/stream");
    const answer = await server.stream();
    const fault = proxy.inject({ kind: "stall" }, { on: "open" });
    stream.socket.destroy();
    await fault.struck();
    await proxy.held(0);
    expect(await post(proxy, "a")).toBe("POST a");
    expect(answer.destroyed).toBe(false);
    fault.lift();
    await server.ended[0];
  });

  test("a new connection is taken and nothing of it reaches the server", async () => {
    await using server = await EchoServer.open();
    await using proxy = await faultProxy(server.url);
    const fault = proxy.inject({ kind: "stall" }, { times: 1 });
    using stalled = new Raw(proxy.url).get("/stalled");
    await fault.struck();
    expect(await post(proxy, "a")).toBe("POST a");
    expect(server.requests).toEqual(["POST /"]);
    fault.lift();
    await stalled.until("GET ");
  });

  test("each chunk comes later, and in order", async () => {
    await using server = await EchoServer.open();
    await using proxy = await faultProxy(server.url);
    using stream = new Raw(proxy.url).get("/stream");
    const answer = await server.stream();
    await stream.until("\r\n\r\n");
    const fault = proxy.inject({ kind: "delay", ms: 80, direction: "down" });
    const beganMs = performance.now();
    answer.write("one");
    await fault.struck();
    fault.lift();
    answer.write("two");
    expect(await stream.until("two")).toMatch(/one[^]*two/);
    expect(performance.now() - beganMs).toBeGreaterThan(78);
  });
});

describe("going away", () => {
  test("connections are reset and refused, until it is back on the same port", async () => {
    await using server = await EchoServer.open();
    await using proxy = await faultProxy(server.url);
    using stream = new Raw(proxy.url).get("/stream");
    await stream.until("\r\n\r\n");
    const { port } = proxy;
    const back = proxy.goAwayFor(100);
    expect(await stream.closed).toBe("reset");
    await expect(post(proxy, "a")).rejects.toThrow("fetch failed");
    await back;
    expect(proxy.port).toBe(port);
    expect(await post(proxy, "a")).toBe("POST a");
  });
});

describe("answers of its own", () => {
  test.each([502, 503, 429, 401, 403])("%i, without the server's problem", async (status) => {
    await using server = await EchoServer.open();
    await using proxy = await faultProxy(server.url);
    proxy.inject({ kind: "answer", status, retryAfter: 7 }, { times: 1 });
    const answer = await fetch(proxy.url, { method: "POST", body: "a" });
    expect([answer.status, answer.headers.get("retry-after"), answer.headers.get("content-type")]).toEqual([
      status,
      "7",
      "text/html",
    ]);
    expect(await post(proxy, "b")).toBe("POST b");
    expect(server.requests).toHaveLength(1);
  });

  test("a request reaches the server and its answer is lost", async () => {
    await using server = await EchoServer.open();
    await using proxy = await faultProxy(server.url);
    const fault = proxy.inject({ kind: "lose-answer" }, { times: 1 });
    await expect(post(proxy, "a")).rejects.toThrow("fetch failed");
    expect([fault.strikes, server.requests.length]).toEqual([1, 1]);
    expect(await post(proxy, "b")).toBe("POST b");
  });

  test("a request without one of the tokens is answered as the server would", async () => {
    await using server = await EchoServer.open();
    await using proxy = await faultProxy(server.url);
    const tokens = new Set(["good"]);
    proxy.inject({ kind: "require-token", tokens });
    const ask = async (authorization: string): Promise<Response> =>
      fetch(proxy.url, { headers: { authorization } });
    expect((await ask("Bearer good")).status).toBe(200);
    const refused = await ask("Bearer bad");
    expect(refused.headers.get("content-type")).toBe("application/problem+json");
    expect(await refused.json()).toMatchObject({ status: 401, code: "UNAUTHENTICATED", retryable: false });
    tokens.clear();
    expect((await ask("Bearer good")).status).toBe(401);
    (await openWebSocket(proxy)).terminate();
  });
});

test("the proxy tells of any fault that strikes", async () => {
  await using server = await EchoServer.open();
  await using proxy = await faultProxy(server.url);
  proxy.inject({ kind: "answer", status: 503 });
  const struck = proxy.struck();
  await post(proxy, "a");
  await struck;
  proxy.clear();
  expect(await post(proxy, "a")).toBe("POST a");
});
