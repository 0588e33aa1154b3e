import { once } from "node:events";
import { existsSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { messagesOf, Running, serve, tidings } from "./support/tidings.ts";

describe("tidings serve", () => {
  test("prints where it is and what it serves, for people", async () => {
    await using running = new Running(["serve", "--port", "0", "--log", "memory", "--log-format", "text"]);
    await running.until(({ stdout }) => stdout.includes("Ctrl+C"));
    expect(running.stdout).toMatch(/^Tidings is at http:\/\/127\.0\.0\.1:\d+\n/);
    expect(running.stdout).toContain("memory: messages are gone when the server stops");
    expect(running.stdout).toContain("this machine only, no authentication");
    expect(running.stdout).not.toContain("\u001b");
  });

  test("logs JSON lines where standard output is no terminal, the first one with the URL, log, folder and access", async () => {
    await using served = await serve();
    const [listening] = served.process.objects;
    expect(listening).toMatchObject({
      msg: "listening",
      url: served.url,
      log: "lmdb",
      open: false,
      level: 30,
    });
    expect(listening?.["data"]).toMatch(/\/data$/);
    expect(listening?.["time"]).toMatch(/^\d{4}-\d\d-\d\dT/);
  });

  test.each(["SIGTERM", "SIGINT"] as const)(
    "%s sends the connections away, closes the log and ends with 0",
    async (signal) => {
      await using served = await serve();
      expect((await tidings(["publish", "a", "x"], { env: served.env })).code).toBe(0);
      await using reader = new Running(["subscribe", "a", "--json", "--since", "earliest"], {
        env: served.env,
      });
      await reader.until(({ objects }) => objects.length === 1);
      served.process.process.kill(signal);
      const { code, stdout } = await served.process.ended;
      expect(code).toBe(0);
      expect(stdout).toContain('"msg":"stopped"');
    },
  );

  test("a second signal ends it at once, with 128 and the signal's number", async () => {
    await using running = new Running([
      "serve",
      "--port",
      "0",
      "--log",
      "memory",
      "--log-format",
      "json",
      "--drain",
      "60s",
    ]);
    await running.until(({ stdout }) => stdout.includes('"listening"'));
    const url = /"url":"([^"]+)"/.exec(running.stdout)?.[1] ?? "";
    // A stream, so that there is something to drain.
    const stream = await fetch(`${url}/channels/a`, { headers: { accept: "text/event-stream" } });
    running.process.kill("SIGTERM");
    await running.until(({ stdout }) => stdout.includes('"stopping'));
    running.process.kill("SIGINT");
    expect((await running.ended).code).toBe(130);
    await stream.body?.cancel().catch(() => undefined);
  });

  test("what was acknowledged is there after kill -9 and a new start", async () => {
    await using served = await serve();
    for (const text of ["one", "two"])
      expect((await tidings(["publish", "a", text], { env: served.env })).code).toBe(0);
    await served.kill();
    await served.startAgain();
    expect((await messagesOf(served, "a")).map(({ data }) => data)).toEqual(["one", "two"]);
  });

  test("a port in use is one sentence and exit code 1", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    const { code, stderr } = await tidings(["serve", "--log", "memory", "--port", String(port)]);
    other.close();
    expect(code).toBe(1);
    expect(stderr).toBe(
      `tidings: cannot listen on 127.0.0.1, port ${port}: something else listens there; choose another --port, or 0 for any free one.\n`,
    );
  });

  test("a data folder that another server has open is one sentence and exit code 1", async () => {
    await using served = await serve();
    const data = String(served.process.objects[0]?.["data"]);
    const { code, stderr } = await tidings(["serve", "--port", "0", "--data", data]);
    expect(code).toBe(1);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(stderr).toMatch(/^tidings: the log .* is open in process \d+;/);
  });

  test("an address beyond loopback without authentication is refused with the two commands that help, and exit code 2", async () => {
    const folder = await mkdtemp(join(tmpdir(), "tidings-serve-"));
    const args = ["serve", "--port", "0", "--log", "memory", "--host", "0.0.0.0", "--data", "my data"];
    const { code, stderr } = await tidings(args, { cwd: folder });
    expect(code).toBe(2);
    const [, make = "", again = ""] = stderr.split("\n").map((line) => line.trim());
    expect(make).toBe("tidings key create --name admin --admin '**' --data 'my data'");
    expect(again).toBe("tidings serve --port 0 --log memory --host 0.0.0.0 --data 'my data'");
    expect(stderr).toContain("--open");
    expect(existsSync(join(folder, "my data"))).toBe(false);
    await rm(folder, { recursive: true });
  });

  test("those two commands start it there: the key is asked for, and what it grants is done, until it is revoked", async () => {
    const folder = await mkdtemp(join(tmpdir(), "tidings-"));
    try {
      const keys = join(folder, "keys.json");
      const made = await tidings(["key", "create", "--name", "ci", "--publish", "evals/**", "--keys", keys]);
      await using served = await serve("--host", "0.0.0.0", "--keys", keys);
      const publish = async (channel: string, token?: string): Promise<number | null> =>
        (
          await tidings(["publish", channel, "x"], {
            env: { ...served.env, ...(token === undefined ? {} : { TIDINGS_TOKEN: token }) },
          })
        ).code;
      expect(await publish("evals/1")).toBe(4);
      expect(await publish("evals/1", made.stdout.trim())).toBe(0);
      expect(await publish("other", made.stdout.trim())).toBe(4);
      expect((await tidings(["key", "revoke", "ci", "--keys", keys])).code).toBe(0);
      // The file is looked at a few times a second.
      let code = await publish("evals/1", made.stdout.trim());
      for (; code === 0; code = await publish("evals/1", made.stdout.trim()));
      expect(code).toBe(4);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("says whether it asks who comes, to programs and to people", async () => {
    const folder = await mkdtemp(join(tmpdir(), "tidings-serve-"));
    const keys = join(folder, "keys.json");
    await tidings(["key", "create", "--name", "a", "--admin", "**", "--keys", keys]);
    await using served = await serve("--keys", keys);
    expect(served.process.objects[0]).toMatchObject({ authentication: true, open: false });
    await using without = await serve();
    expect(without.process.objects[0]).toMatchObject({ authentication: false });
    await using running = new Running([
      ...["serve", "--port", "0", "--log", "memory", "--log-format", "text", "--keys", keys],
    ]);
    await running.until(({ stdout }) => stdout.includes("Ctrl+C"));
    expect(running.stdout).toContain("this machine only, with authentication");
    await rm(folder, { recursive: true });
  });

  test("a configuration that is not valid is told whole, with exit code 2", async () => {
    const { code, stderr } = await tidings(["serve", "--port", "x", "--limit", "maxPageMessages=0"], {
      env: { TIDINGS_LOG: "kafka://h" },
    });
    expect(code).toBe(2);
    expect(stderr).toContain('flag --port: port is "x"');
    expect(stderr).toContain('flag --limit maxPageMessages: limits.maxPageMessages is "0"');
    expect(stderr).toContain("environment TIDINGS_LOG: log is");
  });

  test("limits and policies of the configuration hold", async () => {
    const folder = await mkdtemp(join(tmpdir(), "tidings-serve-"));
    const file = join(folder, "tidings.config.json");
    await writeFile(
      file,
      JSON.stringify({
        policies: [{ pattern: "news/**", publish: "server" }],
        limits: { maxMessageBytes: 10, maxArtifactBytes: 0 },
      }),
    );
    await using served = await serve("--config", file, "--limit", "maxPageMessages=7");
    const forbidden = await tidings(["publish", "news/today", "x"], { env: served.env });
    expect(forbidden).toMatchObject({
      code: 4,
      stderr: expect.stringContaining("PUBLISH_FORBIDDEN") as string,
    });
    const long = await tidings(["publish", "a", "x".repeat(11)], { env: served.env });
    expect(long).toMatchObject({ code: 4, stderr: expect.stringContaining("MESSAGE_TOO_LARGE") as string });
    await rm(folder, { recursive: true });
  });
});
