import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { send } from "@tidings/testing";
import { describe, expect, test } from "vitest";
import { Descriptors } from "../../src/http/descriptors.ts";
import { getRequest, RawClient } from "../support/raw-client.ts";
import { handshake } from "../support/raw-web-socket.ts";

const LIMIT = 160;
/** Of it a quarter is kept in reserve. */
const RESERVED = 40;
const SCRIPT = fileURLToPath(new URL("limited-child.ts", import.meta.url));

/** A server in a process of its own, which may have only so many files open. */
async function openLimited(): Promise<
  AsyncDisposable & { readonly url: string; readonly port: number; readonly warning: string }
> {
  const child = spawn("sh", ["-c", `ulimit -n ${LIMIT} && exec "$0" "$1"`, process.execPath, SCRIPT], {
    env: { ...process.env, NODE_OPTIONS: "" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => String((await lines.next()).value);
  const url = await next();
  const warning = await next();
  return {
    url,
    port: Number(new URL(url).port),
    warning,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

describe("file descriptors", () => {
  test("are kept in reserve: 64, and of a small limit a quarter", () => {
    let others = 20;
    let nowMs = 0;
    const large = new Descriptors({ limit: 1_000, count: () => 900 + others }, () => nowMs);
    expect([900, 916, 917].map((sockets) => large.isAtEdge(sockets))).toEqual([false, false, true]);
    // What else is open is looked at once a second.
    others = 100;
    expect(large.isAtEdge(900)).toBe(false);
    nowMs = 1_000;
    expect([900, 836, 837].map((sockets) => large.isAtEdge(sockets))).toEqual([true, false, true]);
    const small = new Descriptors({ limit: 100, count: () => 0 }, () => 0);
    expect([small.isAtEdge(75), small.isAtEdge(76)]).toEqual([false, true]);
    const unknown = new Descriptors({ limit: undefined, count: () => 1e9 }, () => 0);
    expect(unknown.isAtEdge(1e9)).toBe(false);
  });

  test("are compared with what the server is to hold, with what to do", () => {
    const advice = (limit: number | undefined) => new Descriptors({ limit, count: () => 0 }).advice(1_000);
    expect([advice(undefined), advice(1_064)]).toEqual([undefined, undefined]);
    expect(advice(1_063)).toContain("ulimit -n 1064");
  });

  test.skipIf(process.platform !== "linux")(
    "at the edge new connections get 503, while those that live, health and administration go on",
    async () => {
      await using server = await openLimited();
      expect(server.warning).toContain(`may have ${LIMIT} files open`);
      await using live = await RawClient.open(server.port);
      live.send(getRequest("/channels/a", { Accept: "application/x-ndjson" }));
      await live.until("caught-up");
      await using publisher = await RawClient.open(server.port);
      const clients: RawClient[] = [];
      let refusal = "";
      // Real streams until one is refused, and then some more.
      while (refusal === "" && clients.length < LIMIT) {
        const client = await RawClient.open(server.port);
        clients.push(client);
        client.send(getRequest("/channels/a", { Accept: "application/x-ndjson" }));
        const head = await client.until("\r\n\r\n");
        if (!head.startsWith("HTTP/1.1 200")) refusal = head + (await client.closed());
      }
      expect(refusal).toMatch(/^HTTP\/1\.1 503 [^]*Retry-After: [123]\r\n[^]*"TOO_MANY_CONNECTIONS"/);
      expect(clients.length).toBeLessThan(LIMIT - RESERVED);

      // Those that say nothing do not fill what is kept free, however many they are.
      clients.push(...(await Promise.all(Array.from({ length: 300 }, () => RawClient.open(server.port)))));
      for (const path of ["/healthz", "/readyz", "/metrics"])
        expect((await send(`${server.url}${path}`)).status, path).toBe(200);
      const { text } = await send(`${server.url}/metrics`);
      expect(
        Number(/^tidings_refused_total\{code="TOO_MANY_CONNECTIONS"\} ([0-9]+)$/m.exec(text)?.[1]),
      ).toBeGreaterThan(200);
      expect((await send(`${server.url}/channels/a`)).status).toBe(503);
      await using socket = await RawClient.open(server.port);
      socket.send(handshake("/channels/a"));
      expect(await socket.until("\r\n\r\n")).toMatch(/^HTTP\/1\.1 503 [^]*Retry-After: [123]\r\n/);

      // A connection that was there before publishes, and a stream that was there before gets it.
      publisher.send(
        'POST /channels/a HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 6\r\n\r\n"live"',
      );
      expect(await publisher.until("}")).toMatch(/^HTTP\/1\.1 201 /);
      expect(await live.until('"live"')).toContain('"type":"message"');

      // Once they go, there is room again.
      for (const client of clients) await client[Symbol.asyncDispose]();
      for (;;) {
        const { status } = await send(`${server.url}/channels/a`);
        if (status === 200) break;
        expect(status).toBe(503);
      }
    },
    60_000,
  );
});
