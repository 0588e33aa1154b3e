import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { openServer } from "../support/logs.ts";

async function* parts(count: number, bytes: number): AsyncGenerator<Uint8Array, void, void> {
  for (let each = 0; each < count; each++) yield new Uint8Array(bytes).fill(each);
}

describe("storing an artifact from the server's own code", () => {
  test("parts as they come are one artifact, fetched by its URL, and named by a message", async () => {
    await using server = await openServer();
    const stored = await server.tidings.store(parts(3, 100_000), { contentType: "text/csv", name: "a.csv" });
    const whole = Buffer.concat([0, 1, 2].map((each) => Buffer.alloc(100_000, each)));
    expect(stored).toMatchObject({
      size: 300_000,
      type: "text/csv",
      sha256: createHash("sha256").update(whole).digest("hex"),
    });
    const response = await fetch(new URL(stored.url, server.url), {
      headers: { Range: "bytes=99999-100000" },
    });
    expect(response.status).toBe(206);
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(Uint8Array.of(0, 1));
    await server.tidings.publish("a", undefined, { artifact: stored.id });
    const { messages } = await server.tidings.read("a");
    expect(messages).toMatchObject([{ artifact: { url: stored.url, size: 300_000 } }]);
  });

  test("above the largest artifact nothing is kept, nor where its source fails", async () => {
    await using server = await openServer({ limits: { maxArtifactBytes: 150_000 } });
    const { tidings } = server;
    await expect(tidings.store(parts(2, 100_000))).rejects.toMatchObject({ code: "ARTIFACT_TOO_LARGE" });
    const failing = async function* (): AsyncGenerator<Uint8Array, void, void> {
      yield* parts(1, 10);
      throw new Error("the disk is gone");
    };
    await expect(tidings.store(failing())).rejects.toThrow("the disk is gone");
    const metrics = await (await fetch(new URL("/metrics", server.url))).text();
    expect(metrics).toMatch(/^tidings_artifacts(?:\{\})? 0$/m);
    expect((await tidings.store(new Uint8Array(150_000))).size).toBe(150_000);
  });

  test("closing the server ends it, also while its source has nothing to give", async () => {
    await using server = await openServer();
    const isAsked = Promise.withResolvers<void>();
    const stalled = async function* (): AsyncGenerator<Uint8Array, void, void> {
      yield* parts(1, 10);
      isAsked.resolve();
      await new Promise(() => undefined);
    };
    const storing = server.tidings.store(stalled());
    await Promise.all([
      expect(storing).rejects.toMatchObject({ code: "DRAINING" }),
      isAsked.promise.then(async () => server.tidings.close()),
    ]);
  });

  test("what cannot be stored says why", async () => {
    await using server = await openServer();
    for (const options of [
      { contentType: "text" },
      { name: "../a" },
      { name: "" },
      { ttlMs: -1 },
      { ttlMs: NaN },
    ])
      await expect(server.tidings.store(new Uint8Array(1), options)).rejects.toMatchObject({
        code: "REQUEST_INVALID",
      });
  });
});
