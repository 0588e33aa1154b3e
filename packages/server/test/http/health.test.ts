import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { TidingsError } from "@tidings/protocol";
import { publishNumbers, send } from "@tidings/testing";
import { describe, expect, test, vi } from "vitest";
import { createRouter } from "../../src/create/routes.ts";
import { openServices } from "../../src/create/services.ts";
import { createHandler } from "../../src/http/handler.ts";
import { Metrics } from "../../src/metrics/metrics.ts";
import { LOGS, openServer } from "../support/logs.ts";

/** A server whose log a test can break. */
async function openBreakable(): Promise<
  AsyncDisposable & { url: string; log: Awaited<ReturnType<typeof openServices>>["services"]["log"] }
> {
  const guard = { open: false, allowedHosts: [], origins: [], credentials: false };
  const { services, close } = await openServices({ log: "memory" }, guard);
  const metrics = new Metrics({
    hub: services.hub,
    publisher: services.publisher,
    presence: services.presence,
    artifacts: services.artifacts,
    commands: services.commands,
    refusals: services.refusals,
    sockets: services.sockets,
    connections: () => 0,
    nodes: () => 1,
  });
  const router = createRouter(services, metrics);
  const server = createServer(
    createHandler({
      router,
      guard,
      auth: services.auth,
      sockets: services.sockets,
      refusals: services.refusals,
      addresses: services.addresses,
      basePath: "",
      requestTimeoutMs: 30_000,
      toError: services.toError,
      newId: services.newId,
      onAnswered: () => undefined,
    }),
  );
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    log: services.log,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await close();
    },
  };
}

describe("health", () => {
  test("/healthz says that the process answers", async () => {
    await using server = await openServer();
    expect((await send(`${server.url}/healthz`)).json()).toEqual({ status: "alive" });
  });

  test.each(LOGS)(
    "/readyz is a message that travelled through the log, its tail and a reader ($name)",
    async (log) => {
      await using server = await log.open();
      const ready = await send(`${server.url}/readyz`);
      expect([ready.status, ready.json()]).toEqual([
        200,
        { status: "ready", travelMs: expect.any(Number) as number },
      ]);
    },
  );

  test("probes may ask by HEAD", async () => {
    await using server = await openServer();
    for (const path of ["/healthz", "/readyz", "/metrics", "/channels", "/openapi.json", "/"]) {
      const answer = await send(server.url + path, { method: "HEAD" });
      expect([answer.status, answer.text], path).toEqual([200, ""]);
    }
  });

  test("the canary's channel is not listed, and nobody else can publish to it", async () => {
    await using server = await openServer();
    await send(`${server.url}/readyz`);
    expect((await send(`${server.url}/channels`)).json()).toEqual({ channels: [] });
    const refused = await send(`${server.url}/channels/$tidings/canary`, {
      method: "POST",
      body: "1",
      headers: { "content-type": "application/json" },
    });
    expect([refused.status, refused.json()]).toEqual([
      403,
      expect.objectContaining({ code: "CHANNEL_RESERVED" }),
    ]);
  });

  test("/readyz is 503 when the log takes no messages, with the reason", async () => {
    await using server = await openBreakable();
    vi.spyOn(server.log, "append").mockRejectedValue(new TidingsError("LOG_FULL", "the disk is full."));
    const unready = await send(`${server.url}/readyz`);
    expect([unready.status, unready.json()]).toEqual([
      503,
      { status: "unready", reason: "the disk is full." },
    ]);
  });

  test("/readyz is 503 when the log is deaf: it takes messages, and its tail is silent", async () => {
    await using server = await openBreakable();
    vi.spyOn(server.log, "append").mockResolvedValue({ epoch: "e", offset: 1 as never, appended: 1 });
    const unready = await send(`${server.url}/readyz`);
    expect([unready.status, unready.json()]).toEqual([503, expect.objectContaining({ status: "unready" })]);
    // Alive all the same: a restart would not help, and would cut those who still read.
    expect((await send(`${server.url}/healthz`)).status).toBe(200);
  });

  test("a publish that the log refuses is a problem that says whether to try again", async () => {
    await using server = await openBreakable();
    const append = vi
      .spyOn(server.log, "append")
      .mockRejectedValueOnce(new TidingsError("LOG_FULL", "the disk is full."));
    const post = { method: "POST", body: "1", headers: { "content-type": "application/json" } };
    const refused = await send(`${server.url}/channels/a`, post);
    expect([refused.status, refused.json()]).toEqual([
      507,
      expect.objectContaining({ code: "LOG_FULL", retryable: true }),
    ]);
    append.mockRejectedValueOnce(new Error("a secret path"));
    const hidden = await send(`${server.url}/channels/a`, post);
    expect([hidden.status, hidden.text.includes("secret")]).toEqual([500, false]);
    expect((await send(`${server.url}/channels/a`, post)).status).toBe(201);
  });
});

describe("metrics", () => {
  test("count requests by route and not by path, messages published and delivered, and connections", async () => {
    await using server = await openServer();
    await publishNumbers(server.url, "some/secret/name", 1, 3);
    await send(`${server.url}/channels/some/secret/name`);
    await send(`${server.url}/nowhere`);
    await using reader = server.tidings.subscribe("some/secret/name");
    const next = reader.next();
    await send(`${server.url}/healthz`);
    await publishNumbers(server.url, "some/secret/name", 4, 4);
    await next;
    const answer = await send(`${server.url}/metrics`);
    expect(answer.headers["content-type"]).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(answer.text).toMatch(/^tidings_messages_published_total 4$/m);
    expect(answer.text).toMatch(/^tidings_messages_delivered_total 1$/m);
    expect(answer.text).toMatch(/^tidings_channels_followed 1$/m);
    expect(answer.text).toMatch(
      /^tidings_http_requests_total\{method="POST",route="\/channels\/\*",status="201"\} 2$/m,
    );
    expect(answer.text).toMatch(/^tidings_http_requests_total\{method="GET",route="none",status="404"\} 1$/m);
    expect(answer.text).not.toContain("secret");
  });
});
