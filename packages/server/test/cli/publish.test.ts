import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { faultProxy } from "@tidings/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type Ended,
  messagesOf,
  objectsIn,
  Running,
  serve,
  type Served,
  tidings,
} from "./support/tidings.ts";

let served: Served;
beforeAll(async () => {
  served = await serve();
});
afterAll(async () => served[Symbol.asyncDispose]());

let number = 0;
const newChannel = (): string => `publish/${++number}`;
const publish = (args: readonly string[], stdin?: string | Buffer): Promise<Ended> =>
  tidings(["publish", ...args], { env: served.env, ...(stdin === undefined ? {} : { stdin }) });
const dataOf = async (channel: string): Promise<readonly unknown[]> =>
  (await messagesOf(served, channel)).map(({ data }) => data);

describe("one message", () => {
  test("is text, whatever it looks like, and its cursor is printed", async () => {
    const channel = newChannel();
    const { code, stdout, stderr } = await publish([channel, "123"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const [message] = await messagesOf(served, channel);
    expect(message).toMatchObject({ contentType: "text/plain", data: "123", cursor: stdout.trim() });
  });

  test("is JSON with --json, passed on digit by digit, and the answer is printed as an object", async () => {
    const channel = newChannel();
    const { code, stdout } = await publish([channel, "--json", '{"n": 12345678901234567890}']);
    expect(code).toBe(0);
    expect(objectsIn(stdout)).toEqual([{ cursor: expect.any(String) as string, offset: 1 }]);
    const raw = await (await fetch(`${served.url}/channels/${channel}`)).text();
    expect(raw).toContain('"data":{"n": 12345678901234567890}');
    expect((await publish([channel, "--json", "--text", "plain"])).stdout).toContain('"offset":2');
    expect((await messagesOf(served, channel))[1]).toMatchObject({
      contentType: "text/plain",
      data: "plain",
    });
  });

  test("is bytes with --bytes, from a file or all of standard input, empty ones too", async () => {
    const channel = newChannel();
    const folder = await mkdtemp(join(tmpdir(), "tidings-publish-"));
    await writeFile(join(folder, "f"), Buffer.from([0, 255, 10]));
    await publish([channel, "--bytes", "--file", join(folder, "f")]);
    await publish([channel, "--bytes"], Buffer.from([10, 10]));
    await publish([channel, "--bytes"], "");
    await rm(folder, { recursive: true });
    expect(await messagesOf(served, channel)).toMatchObject([
      { encoding: "base64", data: "AP8K" },
      { encoding: "base64", data: "Cgo=" },
      { encoding: "base64", data: "" },
    ]);
  });

  test("has the event and the key it is given", async () => {
    const channel = newChannel();
    await publish([channel, "x", "--event", "état ok", "--key", "a&b"]);
    expect(await messagesOf(served, channel)).toMatchObject([{ event: "état ok", key: "a&b" }]);
  });

  test("is kept nowhere with --ephemeral, and then has no cursor to print", async () => {
    const channel = newChannel();
    expect(await publish([channel, "x", "--ephemeral"])).toMatchObject({ code: 0, stdout: "" });
    expect(await dataOf(channel)).toEqual([]);
  });

  test("is published once however often it is run with one --idempotency-key", async () => {
    const channel = newChannel();
    const first = await publish([channel, "x", "--idempotency-key", "k"]);
    const second = await publish([channel, "x", "--idempotency-key", "k", "--json", "--text"]);
    expect(objectsIn(second.stdout)).toEqual([{ cursor: first.stdout.trim(), offset: 1, duplicate: true }]);
    expect(await dataOf(channel)).toEqual(["x"]);
  });

  test("is published with --if-match only where that is the head; else the conflict is told, with exit code 4", async () => {
    const channel = newChannel();
    const first = (await publish([channel, "a"])).stdout.trim();
    expect((await publish([channel, "b", "--if-match", first])).code).toBe(0);
    expect(await publish([channel, "c", "--if-match", first])).toMatchObject({
      code: 4,
      stdout: "",
      stderr: expect.stringMatching(/^tidings: CONFLICT: /) as string,
    });
    expect(await dataOf(channel)).toEqual(["a", "b"]);
  });
});

describe("a large message", () => {
  const large = "x".repeat(150_000);

  test("is stored, shown by --preview, and travels inline with --inline, from standard input too", async () => {
    const channel = newChannel();
    const folder = await mkdtemp(join(tmpdir(), "tidings-publish-"));
    const file = join(folder, "large");
    await writeFile(file, large);
    await publish([channel, "--file", file, "--preview", '{"n":150000}']);
    await publish([channel, "--file", file, "--inline"]);
    await publish([channel, "--inline"], `${large}\n`);
    await rm(folder, { recursive: true });
    const [stored, ...inline] = await messagesOf(served, channel);
    expect(stored).toMatchObject({ artifact: { size: 150_000 }, preview: { n: 150_000 } });
    expect(inline.map(({ data }) => data)).toEqual([large, large]);
  });

  test("that was uploaded before is published with --artifact", async () => {
    const channel = newChannel();
    const uploaded = await fetch(`${served.url}/artifacts`, {
      method: "POST",
      headers: { "content-type": "image/png" },
      body: "picture",
    });
    const { url } = (await uploaded.json()) as { url: string };
    const id = url.slice(url.lastIndexOf("/") + 1);
    expect(await publish([channel, "--artifact", id, "--event", "image"])).toMatchObject({ code: 0 });
    expect(await publish([channel, '{"name":"a.png"}', "--artifact", id])).toMatchObject({ code: 0 });
    expect(await messagesOf(served, channel)).toMatchObject([
      { event: "image", artifact: { type: "image/png", url } },
      { data: { name: "a.png" }, artifact: { url } },
    ]);
    expect(await publish([channel, "no JSON", "--artifact", id])).toMatchObject({ code: 2 });
  });
});

describe("the deletion of a key", () => {
  test("is published with --delete and --key", async () => {
    const folder = await mkdtemp(join(tmpdir(), "tidings-publish-"));
    const file = join(folder, "tidings.config.json");
    await writeFile(file, JSON.stringify({ policies: [{ pattern: "rooms/*", compact: true }] }));
    await using own = await serve("--log", "memory", "--config", file);
    const run = (...args: readonly string[]): Promise<Ended> =>
      tidings(["publish", ...args], { env: own.env });
    await run("rooms/1", "warm", "--key", "kitchen");
    const { code, stdout } = await run("rooms/1", "--key", "kitchen", "--delete");
    expect(code).toBe(0);
    const last = (await messagesOf(own, "rooms/1")).at(-1);
    expect(last).toMatchObject({ key: "kitchen", deleted: true, cursor: stdout.trim() });
    expect(await run("plain", "--key", "a", "--delete")).toMatchObject({
      code: 4,
      stderr: expect.stringContaining("CHANNEL_NOT_KEYED") as string,
    });
    await rm(folder, { recursive: true });
  });

  test.each([
    [["--delete"], "--delete needs --key"],
    [["x", "--delete", "--key", "k"], "with --delete there is no data"],
    [["x", "--artifact", "a"], "the data beside the artifact is not JSON"],
    [["x", "--preview", "oops"], "the preview is not JSON"],
    [["--preview", "1"], "--preview is for one message"],
  ])("%j is told to be wrong, with exit code 2", async (args, message) => {
    const ended = await publish([newChannel(), ...args], "");
    expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining(message) as string });
  });
});

describe("standard input", () => {
  test("is published line by line, empty ones too, and the last cursor is printed", async () => {
    const channel = newChannel();
    const { stdout } = await publish([channel, "--event", "line"], "one\n\ntwo\r\nlast ü");
    const messages = await messagesOf(served, channel);
    expect(messages.map(({ data }) => data)).toEqual(["one", "", "two", "last ü"]);
    expect(new Set(messages.map(({ event }) => event))).toEqual(new Set(["line"]));
    expect(stdout.trim()).toBe(messages.at(-1)?.["cursor"]);
  });

  test("is live: a line is published while the next has not come", async () => {
    const channel = newChannel();
    await using running = new Running(["publish", channel, "--json", "--text"], { env: served.env });
    for (const [at, text] of ["one", "two"].entries()) {
      running.process.stdin.write(`${text}\n`);
      await running.until(({ objects }) => objects.length === at + 1);
      expect((await dataOf(channel)).at(-1)).toBe(text);
    }
    running.process.stdin.end();
    expect((await running.ended).code).toBe(0);
  });

  test("of many lines travels in batches, and all arrive in order", async () => {
    const channel = newChannel();
    const lines = Array.from({ length: 5_000 }, (_, at) => `line ${at}`);
    const { code, stdout } = await publish([channel, "--json", "--text"], lines.join("\n"));
    expect(code).toBe(0);
    const answers = objectsIn(stdout);
    expect(answers.length).toBeLessThan(100);
    expect(answers.reduce((sum, { count }) => sum + (count as number), 0)).toBe(5_000);
    expect(await dataOf(channel)).toEqual(lines);
  });

  test("with --json has a value a line; what stands before a line that is none is published, with exit code 2", async () => {
    const channel = newChannel();
    const { code, stderr } = await publish([channel, "--json"], '{"a":1}\n\n[2]\n{oops\n3\n');
    expect(code).toBe(2);
    expect(stderr).toContain("line 4 is not JSON");
    expect(await dataOf(channel)).toEqual([{ a: 1 }, [2]]);
  });

  test("lines that are not UTF-8 are published as bytes, not changed", async () => {
    const channel = newChannel();
    await publish([channel], Buffer.from([0x61, 0xff, 0x0a, 0x62]));
    expect(await messagesOf(served, channel)).toMatchObject([
      { encoding: "base64", data: "Yf8=" },
      { contentType: "text/plain", data: "b" },
    ]);
  });

  test("run again with one --idempotency-key publishes each line once", async () => {
    const channel = newChannel();
    for (let run = 0; run < 2; run++)
      expect((await publish([channel, "--idempotency-key", "job"], "a\nb\nc\n")).code).toBe(0);
    expect(await dataOf(channel)).toEqual(["a", "b", "c"]);
  });

  test("SIGINT ends it with 130 after what was read is published", async () => {
    const channel = newChannel();
    await using running = new Running(["publish", channel, "--json", "--text"], { env: served.env });
    running.process.stdin.write("one\n");
    await running.until(({ objects }) => objects.length === 1);
    running.process.kill("SIGINT");
    expect((await running.ended).code).toBe(130);
    expect(await dataOf(channel)).toEqual(["one"]);
  });
});

describe("a reader of the output that goes away", () => {
  test("does not keep lines from being published", async () => {
    const channel = newChannel();
    await using running = new Running(["publish", channel, "--json", "--text"], { env: served.env });
    running.process.stdout.destroy();
    running.process.stdin.write("one\n");
    while ((await dataOf(channel)).length === 0); // asked again: only the server knows
    running.process.stdin.end("two\n");
    expect(await running.ended).toMatchObject({ code: 0, stderr: "" });
    expect(await dataOf(channel)).toEqual(["one", "two"]);
  });
});

describe("a server that cannot be reached", () => {
  test("is told after --timeout, with exit code 3", async () => {
    await using proxy = await faultProxy(served.url);
    proxy.inject({ kind: "cut", how: "reset" });
    const { code, stderr } = await publish(["a", "x", "--server", proxy.url, "--timeout", "500ms"]);
    expect(code).toBe(3);
    expect(stderr).toMatch(/^tidings: http:\/\/127\.0\.0\.1:\d+ cannot be reached: /);
  });

  test("is told after --timeout too where it takes the connection and never answers", async () => {
    await using proxy = await faultProxy(served.url);
    proxy.inject({ kind: "stall" });
    const { code, stderr } = await publish(["a", "x", "--server", proxy.url, "--timeout", "500ms"]);
    expect({ code, stderr }).toEqual({
      code: 3,
      stderr: `tidings: ${proxy.url} cannot be reached: it took too long to answer\n`,
    });
  });

  test("an answer that is lost publishes nothing twice, for a message and for lines", async () => {
    await using proxy = await faultProxy(served.url);
    const channel = newChannel();
    for (const [args, stdin] of [
      [["x"], ""],
      [[], "y\nz\n"],
    ] as const) {
      const losing = proxy.inject({ kind: "lose-answer" });
      await using running = new Running(["publish", channel, ...args, "--server", proxy.url], { env: {} });
      running.process.stdin.end(stdin);
      await losing.struck();
      losing.lift();
      expect((await running.ended).code).toBe(0);
    }
    expect(await dataOf(channel)).toEqual(["x", "y", "z"]);
  });

  test("an ephemeral message is not tried again when its answer is lost: it may have been passed on", async () => {
    await using proxy = await faultProxy(served.url);
    proxy.inject({ kind: "lose-answer" });
    const { code } = await publish(["a", "x", "--ephemeral", "--server", proxy.url]);
    expect(code).toBe(3);
  });

  test("a page of some other server is not taken for an answer", async () => {
    const { createServer } = await import("node:http");
    const other = createServer((_req, res) => res.writeHead(404).end("<html>"));
    other.listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as { port: number };
    const { code, stderr } = await publish(["a", "x", "--server", `http://127.0.0.1:${port}`]);
    other.close();
    expect(code).toBe(4);
    expect(stderr).toContain("is the URL right?");
  });
});
