import { createServer } from "node:http";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { faultProxy } from "@tidings/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Ended, objectsIn, Running, type Served, serveWith, tidings } from "./support/tidings.ts";

const TRANSPORTS = ["auto", "poll", "long-poll", "sse", "ndjson", "ws"] as const;

let served: Served;
beforeAll(async () => {
  served = await serveWith({ TIDINGS_POLICIES: '[{"pattern":"keyed/*","compact":true}]' });
});
afterAll(async () => served[Symbol.asyncDispose]());

let number = 0;
const newChannel = (): string => `subscribe/${++number}`;
const subscribe = (...args: readonly string[]): Promise<Ended> =>
  tidings(["subscribe", ...args], { env: served.env });

/** Publishes lines as one batch, straight to the server. */
async function publish(channel: string, ...lines: readonly object[]): Promise<string> {
  const response = await fetch(`${served.url}/channels/${channel}`, {
    method: "POST",
    headers: { "content-type": "application/x-ndjson" },
    body: lines.map((line) => `${JSON.stringify(line)}\n`).join(""),
  });
  expect(response.status).toBe(201);
  return ((await response.json()) as { cursor: string }).cursor;
}

const numbered = (from: number, to: number): { readonly data: number }[] =>
  Array.from({ length: to - from + 1 }, (_, at) => ({ data: from + at }));
const numbersIn = (objects: readonly Record<string, unknown>[]): readonly unknown[] =>
  objects.filter(({ type }) => type === "message").map(({ data }) => data);

describe.each(TRANSPORTS)("over %s", (transport) => {
  test("the messages of a channel since the earliest are printed, whole and in order, across pages", async () => {
    const channel = newChannel();
    await publish(channel, ...numbered(1, 900));
    await publish(channel, ...numbered(901, 1_500));
    const { code, stdout, stderr } = await subscribe(
      channel,
      "-t",
      transport,
      "--since",
      "earliest",
      "--until-caught-up",
      "--json",
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(numbersIn(objectsIn(stdout))).toEqual(numbered(1, 1_500).map(({ data }) => data));
  });

  test("text, JSON and bytes keep what they are, and numbers their digits", async () => {
    const channel = newChannel();
    await fetch(`${served.url}/channels/${channel}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"big":12345678901234567890,"text":"a\\nb"}',
    });
    await publish(
      channel,
      { contentType: "text/plain", data: "12\r\n😀", event: "e" },
      { encoding: "base64", data: "AP8=", key: "k" },
    );
    const { stdout } = await subscribe(
      channel,
      "-t",
      transport,
      "--since",
      "earliest",
      "--until-caught-up",
      "--json",
    );
    expect(stdout).toContain('"data":{"big":12345678901234567890,"text":"a\\nb"}');
    expect(objectsIn(stdout).slice(1)).toMatchObject([
      { event: "e", contentType: "text/plain", data: "12\r\n😀" },
      { key: "k", encoding: "base64", data: "AP8=" },
    ]);
  });

  test("--json prints each message as it travelled, byte for byte", async () => {
    const channel = newChannel();
    await publish(
      channel,
      { data: { b: 1, a: [1.5e300, null, "é"] }, event: "e", key: "k" },
      { data: "text", contentType: "text/plain", event: "message" },
      { data: null },
      { encoding: "base64", data: "+/8=" },
      { data: "x".repeat(150_000), preview: { short: true } },
    );
    const page = await (await fetch(`${served.url}/channels/${channel}?since=earliest`)).text();
    const args = [channel, "-t", transport, "--since", "earliest", "--until-caught-up", "--json"];
    const lines = (await subscribe(...args)).stdout.trimEnd().split("\n");
    expect(lines).toHaveLength(5);
    expect(page).toContain(`"messages":[${lines.join(",")}]`);
  });

  test("a keyed channel begins with its state", async () => {
    const channel = `keyed/${transport}`;
    await publish(channel, { key: "a", data: 1 }, { key: "b", data: 2 }, { key: "a", data: 3 });
    const { stdout } = await subscribe(channel, "-t", transport, "--until-caught-up", "--json");
    expect(numbersIn(objectsIn(stdout))).toEqual([2, 3]);
  });

  test("several channels are read on one connection, each from its own start", async () => {
    const [one, two] = [newChannel(), newChannel()];
    const cursor = await publish(one, ...numbered(1, 3));
    await publish(one, ...numbered(4, 5));
    await publish(two, ...numbered(11, 14));
    const { stdout } = await subscribe(
      `${one}@${cursor}`,
      two,
      "--last",
      "2",
      "-t",
      transport,
      "--until-caught-up",
      "--json",
    );
    const objects = objectsIn(stdout);
    expect(numbersIn(objects.filter(({ channel }) => channel === one))).toEqual([4, 5]);
    expect(numbersIn(objects.filter(({ channel }) => channel === two))).toEqual([13, 14]);
  });

  test("--event lets only these through, and --count ends it", async () => {
    const channel = newChannel();
    await publish(
      channel,
      { data: 1, event: "a" },
      { data: 2, event: "b" },
      { data: 3, event: "c" },
      { data: 4, event: "a" },
      { data: 5, event: "a" },
    );
    const { code, stdout } = await subscribe(
      channel,
      "-t",
      transport,
      "--since",
      "earliest",
      "--event",
      "a",
      "-e",
      "c",
      "--count",
      "3",
      "--json",
    );
    expect(code).toBe(0);
    expect(numbersIn(objectsIn(stdout))).toEqual([1, 3, 4]);
  });

  test("a gap is told on stderr and, with --json, as an object where it is", async () => {
    const channel = newChannel();
    const cursor = await publish(channel, ...numbered(1, 1));
    await publish(channel, ...numbered(2, 5));
    await fetch(`${served.url}/channels/${channel}`, { method: "DELETE" });
    await publish(channel, ...numbered(6, 7));
    const { code, stdout, stderr } = await subscribe(
      channel,
      "-t",
      transport,
      "--since",
      cursor,
      "--until-caught-up",
      "--json",
    );
    expect(code).toBe(0);
    expect(objectsIn(stdout)).toMatchObject([
      { type: "gap", channel, reason: "expired", from: cursor, missed: 4 },
      { data: 6 },
      { data: 7 },
    ]);
    expect(stderr).toMatch(/^tidings: gap in \S+: 4 messages are missing between /);
  });

  test("when the connection is lost again and again, and the server killed, nothing is lost and nothing comes twice", async () => {
    const channel = newChannel();
    await using proxy = await faultProxy(served.url);
    await publish(channel, ...numbered(1, 10));
    await using running = new Running([
      "subscribe",
      channel,
      "-t",
      transport,
      "--last",
      "5",
      "--json",
      "--server",
      proxy.url,
    ]);
    const until = (last: number): Promise<void> =>
      running.until(({ objects }) => objects.at(-1)?.["data"] === last);
    await until(10);
    proxy.cutAll("end");
    await publish(channel, ...numbered(11, 20));
    await until(20);
    const resets = proxy.inject({ kind: "cut", how: "reset" });
    await publish(channel, ...numbered(21, 30));
    resets.lift();
    await until(30);
    await served.kill();
    await served.startAgain();
    await publish(channel, ...numbered(31, 40));
    await until(40);
    expect(numbersIn(running.objects)).toEqual(numbered(6, 40).map(({ data }) => data));
    // A short poll may not even notice.
    if (transport !== "poll")
      expect(running.stderr).toMatch(/connecting again\n(?:.*\n)*tidings: connected again/);
  });

  test("with nothing received before the connection was lost, reading goes on where it began", async () => {
    const channel = newChannel();
    await using proxy = await faultProxy(served.url);
    await using running = new Running([
      "subscribe",
      channel,
      "marker",
      "-t",
      transport,
      "--json",
      "--server",
      proxy.url,
    ]);
    // Both channels begin at "latest", so a message on one of them shows that both are being read.
    const marking = setInterval(() => void publish("marker", { data: "m" }), 50);
    await running.until(({ objects }) => objects.length > 0);
    clearInterval(marking);
    const resets = proxy.inject({ kind: "cut", how: "reset" });
    await publish(channel, ...numbered(1, 3));
    resets.lift();
    await running.until(({ objects }) => objects.some(({ data }) => data === 3));
    expect(numbersIn(running.objects.filter((object) => object["channel"] === channel))).toEqual([1, 2, 3]);
  });

  test("SIGINT ends it with 130", async () => {
    const channel = newChannel();
    await publish(channel, ...numbered(1, 1));
    await using running = new Running(
      ["subscribe", channel, "-t", transport, "--since", "earliest", "--json"],
      { env: served.env },
    );
    await running.until(({ objects }) => objects.length === 1);
    running.process.kill("SIGINT");
    expect(await running.ended).toMatchObject({ code: 130, stderr: "" });
  });
});

describe("tidings subscribe", () => {
  // Together, since they wait for seconds: as users do.
  test.concurrent.each(["auto", "sse"])(
    "over %s, a connection that is taken and greets nothing is given up within seconds",
    { timeout: 60_000 },
    async (transport) => {
      const channel = newChannel();
      await publish(channel, ...numbered(1, 1));
      await using proxy = await faultProxy(served.url);
      const silence = proxy.inject({ kind: "stall" });
      await using running = new Running([
        "subscribe",
        channel,
        "-t",
        transport,
        "--since",
        "earliest",
        "--count",
        "1",
        "--json",
        "--connect-timeout",
        "30s",
        "--server",
        proxy.url,
      ]);
      await silence.struck();
      const silentSinceMs = Date.now();
      await running.until(({ stderr }) => stderr.includes("it said nothing for too long; connecting again"));
      expect(Date.now() - silentSinceMs).toBeLessThan(20_000);
      silence.lift();
      expect(await running.ended).toMatchObject({ code: 0 });
    },
  );

  test("prints time, channel, event and data for people, and what is ephemeral too", async () => {
    const channel = newChannel();
    await using running = new Running(["subscribe", channel, "--since", "earliest", "--count", "3"], {
      env: served.env,
    });
    await publish(channel, { data: { a: 1 }, event: "status" }, { contentType: "text/plain", data: "plain" });
    await running.until(({ stdout }) => stdout.includes("plain"));
    await fetch(`${served.url}/channels/${channel}?ephemeral`, {
      method: "POST",
      headers: { "content-type": "text/plain" },
      body: "typing",
    });
    const lines = (await running.ended).stdout.trimEnd().split("\n");
    expect(lines.map((line) => line.replace(/^\d\d:\d\d:\d\d\.\d{3}/, "TIME"))).toEqual([
      `TIME  ${channel}  status  {"a":1}`,
      `TIME  ${channel}  plain`,
      `TIME  ${channel}  typing`,
    ]);
  });

  test("a stored payload is printed by its size, type, URL and preview, and with --json as it came", async () => {
    const channel = newChannel();
    await publish(
      channel,
      { data: `first\n${"x".repeat(1_250_000)}`, contentType: "text/plain" },
      { data: "x".repeat(200_000), preview: { short: 1 } },
    );
    const args = [channel, "--since", "earliest", "--until-caught-up"];
    const objects = objectsIn((await subscribe(...args, "--json")).stdout) as readonly {
      artifact: { url: string; size: number };
    }[];
    expect(objects).toMatchObject([
      { artifact: { size: 1_250_006, type: "text/plain; charset=utf-8" }, preview: "first\n" },
      { artifact: { size: 200_002, type: "application/json" }, preview: { short: 1 } },
    ]);
    const [text, json] = objects.map(({ artifact }) => `${served.url}${artifact.url}`);
    const { stdout } = await subscribe(...args);
    expect(stdout).toContain(`<1.3 MB of text/plain; charset=utf-8: ${text}> first\n`);
    expect(stdout).toContain(`<200 KB of application/json: ${json}> {"short":1}\n`);
  });

  test("of a long preview only the beginning is printed for people", async () => {
    const channel = newChannel();
    const lines = Array.from({ length: 20_000 }, (_, at) => `line ${at}`).join("\n");
    await publish(channel, { data: lines, contentType: "text/plain" });
    const { stdout } = await subscribe(channel, "--since", "earliest", "--until-caught-up");
    expect(stdout).toMatch(/> line 0\nline 1\nline 2…\n$/);
  });

  test("a server that is not there is told after --connect-timeout, with exit code 3", async () => {
    await using proxy = await faultProxy(served.url);
    proxy.inject({ kind: "cut", how: "reset" });
    const { code, stdout } = await tidings([
      "subscribe",
      "a",
      "--connect-timeout",
      "600ms",
      "--server",
      proxy.url,
    ]);
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
  });

  test("what the server refuses is told at once, with exit code 4", async () => {
    const tooMany = Array.from({ length: 40 }, (_, at) => `-e${at}`);
    expect(await subscribe("a", ...tooMany)).toMatchObject({
      code: 4,
      stderr: expect.stringContaining("QUERY_INVALID") as string,
    });
    expect(await subscribe("a", "-t", "ws", ...tooMany)).toMatchObject({
      code: 4,
      stderr: expect.stringContaining("QUERY_INVALID") as string,
    });
  });

  test("ends quietly when the reader of its output goes away", async () => {
    const channel = newChannel();
    await publish(channel, ...numbered(1, 900));
    await using running = new Running(["subscribe", channel, "--since", "earliest", "--json"], {
      env: served.env,
    });
    running.process.stdout.destroy();
    expect(await running.ended).toMatchObject({ code: 0, stderr: "" });
  });

  test("what answers and is no Tidings server is told at once, with exit code 4", async () => {
    const other = createServer((_request, response) => response.writeHead(404).end("no such page")).listen(0);
    await once(other, "listening");
    const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    try {
      for (const transport of ["auto", "sse", "poll"]) {
        expect(await tidings(["subscribe", "a", "-t", transport, "--server", url])).toMatchObject({
          code: 4,
          stdout: "",
          stderr: "tidings: the server answered 404, and not as a Tidings server does; is the URL right?\n",
        });
      }
    } finally {
      other.close();
    }
  });
});

describe("tidings subscribe --cursor-file", () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "tidings-cursors-"));
    file = join(folder, "kept", "cursors.json");
  });
  afterEach(async () => rm(folder, { recursive: true, force: true }));

  const read = async (...args: readonly string[]): Promise<readonly unknown[]> => {
    const { code, stdout, stderr } = await subscribe(...args, "--json", "--cursor-file", file);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    return numbersIn(objectsIn(stdout));
  };

  test("the next one goes on after the last message that was printed, in each channel, and not where it is told to begin", async () => {
    const [one, two] = [newChannel(), newChannel()];
    await publish(one, ...numbered(1, 5));
    expect(await read(one, "--since", "earliest", "--count", "3")).toEqual([1, 2, 3]);
    expect(await read(one, "--last", "4", "--count", "1")).toEqual([4]);
    await publish(two, ...numbered(11, 13));
    expect(await read(one, two, "--last", "1", "--until-caught-up")).toEqual(
      expect.arrayContaining([5, 13]) as unknown[],
    );
    await publish(one, ...numbered(6, 7));
    expect(await read(one, two, "--since", "earliest", "--until-caught-up")).toEqual([6, 7]);
    expect(await read(one, two, "--since", "earliest", "--until-caught-up")).toEqual([]);
  });

  test("after SIGTERM nothing is printed twice and nothing is left out", async () => {
    const channel = newChannel();
    const args = [channel, "--since", "earliest", "--json", "--cursor-file", file];
    const printed: unknown[] = [];
    for (const last of [300, 600, 900]) {
      await using running = new Running(["subscribe", ...args], { env: served.env });
      await publish(channel, ...numbered(last - 299, last - 150));
      // In the middle of them, most likely.
      await running.until(({ objects }) => objects.length > 100);
      running.process.kill("SIGTERM");
      await publish(channel, ...numbered(last - 149, last));
      const { code, stdout } = await running.ended;
      expect(code).toBe(143);
      printed.push(...numbersIn(objectsIn(stdout)));
    }
    printed.push(...(await read(channel, "--until-caught-up")));
    expect(printed).toEqual(numbered(1, 900).map(({ data }) => data));
  });

  test("after kill -9 nothing is left out, and only what was printed last may come again", async () => {
    const channel = newChannel();
    const args = [channel, "--since", "earliest", "--json", "--cursor-file", file];
    const keptOffset = async (): Promise<number> => {
      const text = await readFile(file, "utf8").catch(() => "");
      return Number(/\.(\d+)"/.exec(text)?.[1]);
    };
    let next = 1;
    for (const last of [200, 400, 600]) {
      await using running = new Running(["subscribe", ...args], { env: served.env });
      await publish(channel, ...numbered(last - 199, last));
      await running.until(({ objects }) => objects.length > 50);
      await expect.poll(keptOffset).toBeGreaterThan(last - 200);
      running.process.kill("SIGKILL");
      const { stdout } = await running.ended;
      const numbers = numbersIn(objectsIn(stdout.slice(0, stdout.lastIndexOf("\n") + 1))) as number[];
      const first = numbers[0] ?? 0;
      expect(first).toBeLessThanOrEqual(next);
      expect(numbers).toEqual(numbered(first, first + numbers.length - 1).map(({ data }) => data));
      next = first + numbers.length;
    }
    const rest = (await read(channel, "--until-caught-up")) as readonly number[];
    const first = rest[0] ?? 601;
    expect(first).toBeLessThanOrEqual(next);
    expect(first).toBeGreaterThan(400);
    expect(rest).toEqual(numbered(first, 600).map(({ data }) => data));
    expect(await keptOffset()).toBe(600);
  });

  test("after kill -9 the file names nothing that was not printed, however slowly that is read", async () => {
    const channel = newChannel();
    const args = [channel, "--since", "earliest", "--json", "--cursor-file", file];
    await using running = new Running(["subscribe", ...args], { env: served.env });
    running.process.stdout.pause();
    await publish(channel, ...numbered(1, 1_000));
    const keptOffset = async (): Promise<number> => {
      const text = await readFile(file, "utf8").catch(() => "");
      return Number(/\.(\d+)"/.exec(text)?.[1]);
    };
    await expect.poll(keptOffset).toBeGreaterThan(50);
    running.process.kill("SIGKILL");
    await once(running.process, "exit");
    const kept = await keptOffset();
    running.process.stdout.resume();
    const { stdout } = await running.ended;
    const printed = numbersIn(objectsIn(stdout.slice(0, stdout.lastIndexOf("\n") + 1))) as number[];
    expect(printed.at(-1)).toBeGreaterThanOrEqual(kept);
  });

  test("a file that cannot be read ends it with exit code 1, before anything is printed", async () => {
    file = join(folder, "cursors.json");
    await writeFile(file, "{ not JSON");
    const { code, stdout, stderr } = await subscribe("a", "--since", "earliest", "--cursor-file", file);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(`the file of cursors ${file} cannot be read`);
    expect(await readFile(file, "utf8")).toBe("{ not JSON");
  });
});
