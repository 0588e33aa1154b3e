import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { serve, tidings } from "./support/tidings.ts";

describe("the command line", () => {
  test.each([
    ["--help"],
    ["help"],
    ["serve", "--help"],
    ["publish", "--help"],
    ["subscribe", "--help"],
    ["run", "--help"],
    ["channels", "--help"],
    ["config", "--help"],
    ["key", "--help"],
    ["key", "create", "--help"],
    ["key", "list", "--help"],
    ["key", "revoke", "--help"],
    ["token", "--help"],
    ["check", "--help"],
    ["advise", "--help"],
  ])("%s %s has examples and the exit codes, without colours where there is no terminal", async (...args) => {
    const { code, stdout, stderr } = await tidings(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("Examples:\n  $ ");
    expect(stdout).toContain("Exit codes: 0 done");
    expect(stdout).not.toContain("\u001b");
  });

  test.each([
    [["pubish"], "Did you mean publish?"],
    [["publish"], "missing required argument 'channel'"],
    [["publish", "a//b", "x"], "is not a channel's name"],
    [["publish", "a", "x", "--event", "tidings.x"], "kept for the system"],
    [["publish", "a", "x", "--if-match", "nonsense"], "It must be a cursor"],
    [["publish", "a", "x", "--file", "f"], "not both"],
    [["publish", "a", "x", "--timeout", "10m"], "at most 4m"],
    [["publish", "a", "{", "--json"], "is not JSON"],
    [["publish", "a", "x", "--server", "ftp://h"], "http or https URL"],
    [["publish", "a", "x", "--server", "http://me:secret@h"], "--token"],
    [
      ["subscribe", "a", "--transport", "smoke"],
      "Allowed choices are auto, poll, long-poll, sse, ndjson, ws",
    ],
    [["subscribe", "a@b"], "It must be a cursor"],
    [["subscribe", "a", "--since", "earliest", "--last", "1"], "cannot be used with"],
    [["run", "true"], "--channel"],
    [["serve", "--limit", "maxPageMesages=1"], "Did you mean maxPageMessages?"],
    [["serve", "--prot", "1"], "Did you mean --port?"],
    [["key", "creat"], "Did you mean create?"],
  ])("%j is refused with exit code 2 and the reason on stderr", async (args, reason) => {
    const { code, stdout, stderr } = await tidings(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(reason);
    expect(stderr).not.toContain("    at ");
    expect(stderr).not.toContain("secret");
  });

  test("a token is sent as a bearer token and never shown", async () => {
    const { createServer } = await import("node:http");
    const seen: (string | undefined)[] = [];
    const server = createServer((req, res) => {
      seen.push(req.headers.authorization);
      res
        .writeHead(401, { "content-type": "application/problem+json" })
        .end('{"code":"UNAUTHENTICATED","detail":"no."}');
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const env = {
      TIDINGS_URL: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
      TIDINGS_TOKEN: "s3cret",
    };
    for (const args of [
      ["publish", "a", "x"],
      ["channels"],
      ["subscribe", "a"],
      ["subscribe", "a", "-t", "ws"],
    ]) {
      expect(await tidings(args, { env })).toEqual({
        code: 4,
        signal: null,
        stdout: "",
        stderr: "tidings: UNAUTHENTICATED: no.\n",
      });
    }
    server.close();
    expect(seen).toEqual(Array.from({ length: 4 }, () => "Bearer s3cret"));
    expect((await tidings(["publish", "--help"], { env })).stdout).not.toContain("s3cret");
  });
});

describe("tidings channels", () => {
  test("lists the channels by name, as a table or one object a line", async () => {
    await using served = await serve("--log", "memory");
    const { env } = served;
    for (const channel of ["b/2", "b/1", "c"]) await tidings(["publish", channel, "x"], { env });
    const table = await tidings(["channels", "--prefix", "b/"], { env });
    expect(table.stdout.split("\n").map((line) => line.split(/ {2,}/)[0])).toEqual([
      "CHANNEL",
      "b/1",
      "b/2",
      "",
    ]);
    const lines = (await tidings(["channels", "--json"], { env })).stdout.trim().split("\n");
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject(
      ["b/1", "b/2", "c"].map((channel) => ({ channel, messages: 1, readers: 0 })),
    );
  });
});

describe("tidings config", () => {
  test("--print shows each field with its value and where it came from", async () => {
    const folder = await mkdtemp(join(tmpdir(), "tidings-config-"));
    await writeFile(
      join(folder, "tidings.config.json"),
      '{"drainMs": "1s", "policies": [{"pattern": "a", "retention": {"maxAgeMs": null}}]}',
    );
    const options = { cwd: folder, env: { TIDINGS_LOG: "memory" } };
    const text = await tidings(["config", "--print", "--port", "9000"], options);
    expect(text.code).toBe(0);
    const lines = text.stdout.split("\n").map((line) => line.split(/ {2,}/));
    expect(lines).toEqual(
      expect.arrayContaining([
        ["port", "9000", "flag --port"],
        ["log", '"memory"', "environment TIDINGS_LOG"],
        ["drainMs", "1000", "file tidings.config.json"],
        ["host", '"127.0.0.1"', "default"],
      ]),
    );
    const json = JSON.parse(
      (await tidings(["config", "--json", "--port", "9000"], options)).stdout,
    ) as Record<string, Record<string, unknown>>;
    expect(json["config"]).toMatchObject({
      port: 9_000,
      policies: [{ retention: { maxAgeMs: "Infinity" } }],
    });
    expect(json["sources"]).toMatchObject({ port: "flag --port", "limits.maxMessageBytes": "default" });
    await rm(folder, { recursive: true });
  });

  test("alone it only checks, with exit code 2 for what is not valid, as an object with --json", async () => {
    expect(await tidings(["config"])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("is valid") as string,
    });
    const wrong = await tidings(["config", "--json"], { env: { TIDINGS_PORT: "x" } });
    expect(wrong.code).toBe(2);
    expect(JSON.parse(wrong.stdout)).toMatchObject({
      code: "CONFIG_INVALID",
      problems: [{ source: "environment TIDINGS_PORT", field: "port" }],
    });
  });
});
