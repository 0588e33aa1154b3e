import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { faultProxy } from "@tidings/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openServer } from "../support/logs.ts";
import { sha256, upload } from "../artifacts/support/requests.ts";
import { serve, tidings } from "./support/tidings.ts";

const BODY = randomBytes(3_000_000);

let cwd: string;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), "tidings-files-"));
});
afterEach(async () => rm(cwd, { recursive: true, force: true }));

describe("tidings upload", () => {
  test("stores a file and prints its URL", async () => {
    await using server = await openServer();
    await writeFile(join(cwd, "a.bin"), BODY);
    const { code, stdout } = await tidings(
      ["upload", "a.bin", "--type", "image/png", "--ttl", "60s", "--progress", "up", "--json"],
      { cwd, env: { TIDINGS_URL: server.url } },
    );
    expect(code).toBe(0);
    const artifact = JSON.parse(stdout) as { url: string };
    expect(artifact).toMatchObject({
      size: BODY.length,
      type: "image/png",
      name: "a.bin",
      sha256: sha256(BODY),
    });
    const { messages } = (await (await fetch(`${server.url}/channels/up?event=complete`)).json()) as {
      messages: unknown[];
    };
    expect(messages).toHaveLength(1);
    const again = await tidings(["upload", "a.bin", "--server", server.url], { cwd });
    expect(again.stdout).toMatch(/^\/artifacts\/[A-Za-z0-9_-]{16}\n$/);
  });

  test("goes on where it was when the connection breaks, below a base path too", async () => {
    await using server = await openServer({ basePath: "/push" });
    await using proxy = await faultProxy(server.url);
    const cuts = proxy.inject({ kind: "cut", requestBytes: 1_000_000 }, { times: 2 });
    await writeFile(join(cwd, "a.bin"), BODY);
    const { code, stdout, stderr } = await tidings(
      ["upload", "a.bin", "--server", `${proxy.url}/push`, "--json"],
      {
        cwd,
      },
    );
    expect([code, cuts.strikes], stderr).toEqual([0, 2]);
    const { url, sha256: hash } = JSON.parse(stdout) as { url: string; sha256: string };
    expect([hash, url]).toEqual([sha256(BODY), expect.stringMatching(/^\/push\/artifacts\//)]);
  });

  test("gives up after --timeout without headway, and says what is wrong", async () => {
    await writeFile(join(cwd, "a.bin"), "x");
    const { code, stderr } = await tidings(
      ["upload", "a.bin", "--server", "http://127.0.0.1:1", "--timeout", "300ms"],
      { cwd },
    );
    expect([code, stderr]).toEqual([3, expect.stringContaining("cannot be reached")]);
    const missing = await tidings(["upload", "no-such-file"], { cwd });
    expect([missing.code, missing.stderr]).toEqual([
      1,
      expect.stringContaining("no-such-file cannot be read"),
    ]);
  });

  test("what is too large is refused at once", async () => {
    await using server = await serve("--limit", "maxArtifactBytes=1MiB");
    await writeFile(join(cwd, "a.bin"), BODY);
    const { code, stderr } = await tidings(["upload", "a.bin"], { cwd, env: server.env });
    expect([code, stderr]).toEqual([4, expect.stringContaining("ARTIFACT_TOO_LARGE")]);
  });
});

describe("tidings download", () => {
  test("fetches by URL, path or id, and saves under the artifact's own name", async () => {
    await using server = await openServer();
    const { url, id } = await upload(server.url, BODY, {}, "?name=.hidden%20b.bin");
    const env = { TIDINGS_URL: server.url };
    for (const artifact of [url, id, server.url + url]) {
      expect((await tidings(["download", artifact], { cwd, env })).code).toBe(0);
      expect(await readdir(cwd)).toEqual(["hidden b.bin"]);
      expect(sha256(await readFile(join(cwd, "hidden b.bin")))).toBe(sha256(BODY));
      await rm(join(cwd, "hidden b.bin"));
    }
  });

  test("goes on where it was when the connection breaks", async () => {
    await using server = await openServer();
    const { id } = await upload(server.url, BODY);
    await using proxy = await faultProxy(server.url);
    const cuts = proxy.inject({ kind: "cut", responseBytes: 1_000_000 }, { times: 2 });
    const { code, stderr } = await tidings(["download", id, "-o", "b", "--server", proxy.url], { cwd });
    expect([code, cuts.strikes], stderr).toEqual([0, 2]);
    expect(sha256(await readFile(join(cwd, "b")))).toBe(sha256(BODY));
  });

  test("goes on with what an earlier call left, and keeps nothing that is not right", async () => {
    await using server = await openServer();
    const { id } = await upload(server.url, BODY);
    const args = ["download", id, "-o", "b", "--server", server.url];
    await writeFile(join(cwd, "b.part"), BODY.subarray(0, 1_000_000));
    expect((await tidings(args, { cwd })).code).toBe(0);
    expect(sha256(await readFile(join(cwd, "b")))).toBe(sha256(BODY));
    await writeFile(join(cwd, "b.part"), "something else");
    const { code, stderr } = await tidings(args, { cwd });
    expect([code, stderr]).toEqual([1, expect.stringContaining("SHA-256")]);
    expect(existsSync(join(cwd, "b.part"))).toBe(false);
  });

  test("-o - writes to standard output", async () => {
    await using server = await openServer();
    const { id } = await upload(server.url, "hello");
    const { code, stdout } = await tidings(["download", id, "-o", "-", "--server", server.url], { cwd });
    expect([code, stdout]).toEqual([0, "hello"]);
  });

  test("what is not there, or not an artifact, is said", async () => {
    await using server = await openServer();
    const { code, stderr } = await tidings(["download", "no-such-artifact", "--server", server.url], { cwd });
    expect([code, stderr]).toEqual([4, expect.stringContaining("404")]);
    expect((await tidings(["download", "../etc/passwd"], { cwd })).code).toBe(2);
  });
});
