import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { MAX_WAITING_REQUESTS } from "../../src/http/pipelines.ts";
import { openServer, type TestServer } from "../support/logs.ts";
import { getRequest, RawClient } from "../support/raw-client.ts";
import { stillServes } from "../support/still-serves.ts";

let server: TestServer;
beforeEach(async () => void (server = await openServer()));
afterEach(async () => server[Symbol.asyncDispose]());

function post(path: string, body: string): string {
  return `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

describe("requests that are sent ahead on one connection", () => {
  test("are handled one after the other, in the order in which they were sent", async () => {
    const begun: unknown[] = [];
    const gate = Promise.withResolvers<void>();
    const isBegun = Promise.withResolvers<void>();
    server.tidings.command("work", {
      handler: async (input) => {
        begun.push(input);
        isBegun.resolve();
        if (begun.length === 1) await gate.promise;
        return input;
      },
    });
    await using client = await RawClient.open(server.port);
    // The last one asks what the one before it did.
    client.send(
      post("/commands/work", "1") +
        post("/commands/work", "2") +
        post("/channels/a", '"published"') +
        getRequest("/channels/a"),
    );
    await isBegun.promise;
    await stillServes(server.url);
    expect(begun).toEqual([1]);
    gate.resolve();
    const answers = await client.until('"caughtUp":true}');
    expect(begun).toEqual([1, 2]);
    expect(answers.match(/HTTP\/1\.1 \d+/g)).toEqual(
      ["200", "200", "201", "200"].map((s) => `HTTP/1.1 ${s}`),
    );
    expect(answers).toContain('"data":"published"');
  });

  test("and are there wholly share turns of the event loop, so that what they publish is few flushes", async () => {
    let turn = 0;
    let isOver = false;
    const next = (): void => {
      turn++;
      if (!isOver) setImmediate(next);
    };
    const turns = new Set<number>();
    server.tidings.command("work", {
      handler: (input) => {
        turns.add(turn);
        return input;
      },
    });
    await using client = await RawClient.open(server.port);
    next();
    client.send(post("/commands/work", '"of many"').repeat(20) + post("/commands/work", '"the last"'));
    await client.until("the last");
    isOver = true;
    expect(turns.size).toBeLessThanOrEqual(7);
  });

  test("are passed over once the connection is gone", async () => {
    const begun: unknown[] = [];
    const gate = Promise.withResolvers<void>();
    const isBegun = Promise.withResolvers<void>();
    server.tidings.command("work", {
      handler: async (input) => {
        begun.push(input);
        isBegun.resolve();
        await gate.promise;
      },
    });
    await using client = await RawClient.open(server.port);
    client.send(post("/commands/work", "1") + post("/commands/work", "2"));
    await isBegun.promise;
    client.socket.resetAndDestroy();
    await client.closed();
    gate.resolve();
    await stillServes(server.url);
    expect(begun).toEqual([1]);
  });

  test(`may be ${MAX_WAITING_REQUESTS} that wait`, async () => {
    await using client = await RawClient.open(server.port);
    client.send(
      getRequest("/healthz").repeat(MAX_WAITING_REQUESTS + 1) + getRequest("/openapi.json").slice(0, 5),
    );
    for (let at = 0; at <= MAX_WAITING_REQUESTS; at++)
      expect(await client.until("\r\n\r\n")).toContain("200 OK");
  });

  test("are told so where they are more, and end the connection; nobody else notices", async () => {
    await using client = await RawClient.open(server.port);
    client.send(post("/channels/a", "1").repeat(MAX_WAITING_REQUESTS + 500));
    const answers = await client.closed();
    expect(answers.match(/HTTP\/1\.1 201/g)).toHaveLength(MAX_WAITING_REQUESTS + 1);
    expect(answers.match(/HTTP\/1\.1 429/g)).toHaveLength(1);
    const last = answers.slice(answers.indexOf("HTTP/1.1 429"));
    expect(last).toMatch(/\r\nConnection: close\r\n/i);
    expect(last).toContain("RATE_LIMITED");
    expect(last).toContain("wait for answers");
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    expect(metrics).toMatch(/RATE_LIMITED"[^\n]*\} 1\n/);
    await stillServes(server.url);
  });
});
