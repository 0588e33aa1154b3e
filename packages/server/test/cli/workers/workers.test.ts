import { once } from "node:events";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  hasRedis,
  ndjsonDriver,
  publish,
  RedisServer,
  send,
  take,
  type TransportStream,
  until,
  untilCaughtUp,
  webSocketDriver,
} from "@tidings/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RawClient } from "../../support/raw-client.ts";
import { messagesOf, Running, type Served, serve, serveWith } from "../support/tidings.ts";

/** What the server has logged, with these words. */
function logged({ process }: Served, msg: string): readonly Record<string, unknown>[] {
  return process.objects.filter((line) => String(line["msg"]).includes(msg));
}

/** The process of a worker, as its figures say it began; by the system's own list. */
async function pidOf(served: Served, worker: number): Promise<number> {
  const { stdout } = served.process;
  const pids = [
    ...stdout.matchAll(/"pid":(\d+)[^\n]*"worker":(\d+)[^\n]*"msg":"the worker takes connections"/g),
  ];
  return Number(pids.findLast(([, , number]) => Number(number) === worker)?.[1]);
}

/** The worker that holds a connection, as administrators are told it. */
async function workerOf(url: string, { connection }: TransportStream): Promise<string> {
  const ask = async (path: string): Promise<unknown> => (await fetch(`${url}/admin/${path}`)).json();
  const { nodes } = (await ask("nodes")) as { nodes: readonly { node: string; name: string }[] };
  const { connections } = (await ask("connections")) as {
    connections: readonly { connection: string; node: string }[];
  };
  const row = connections.find((each) => each.connection === connection);
  return nodes.find(({ node }) => node === row?.node)?.name ?? "";
}

/** A reader at each of two workers, which get connections in turn. */
async function readers(url: string, channel: string): Promise<readonly [TransportStream, TransportStream]> {
  const open = async (): Promise<TransportStream> => {
    const stream = await ndjsonDriver({ isMulti: true }).open(url, {
      channels: [channel],
      since: "earliest",
    });
    await untilCaughtUp(stream);
    return stream;
  };
  const one = await open();
  const at = await workerOf(url, one);
  for (;;) {
    const other = await open();
    if ((await workerOf(url, other)) !== at) return at === "tested:1" ? [one, other] : [other, one];
    other.cut();
  }
}

describe("tidings serve --workers 2", () => {
  let served: Served;
  let temporary: string;
  beforeAll(async () => {
    temporary = await mkdtemp(join(tmpdir(), "tidings-workers-"));
    served = await serveWith(
      { TMPDIR: temporary },
      "--workers",
      "2",
      "--node",
      "tested",
      // A worker that was killed is asked by administrators for no longer than that.
      "--limit",
      "nodeTimeoutMs=500",
      "--log-level",
      "debug",
    );
  });
  afterAll(async () => {
    await served[Symbol.asyncDispose]();
    await rm(temporary, { recursive: true });
  });

  // The first: nobody else is connected yet.
  test("a connection goes to the worker that has the fewest", async () => {
    const streams: TransportStream[] = [];
    for (let count = 0; count < 8; count++) {
      const stream = await ndjsonDriver({ isMulti: true }).open(served.url, { channels: ["fewest"] });
      await untilCaughtUp(stream);
      streams.push(stream);
    }
    const at = await Promise.all(streams.map(async (stream) => workerOf(served.url, stream)));
    expect(at.filter((worker) => worker === "tested:1")).toHaveLength(4);
    for (const stream of streams) stream.cut();
  });

  test("says once where it is, with how many workers", () => {
    expect(logged(served, "listening")).toMatchObject([{ url: served.url, log: "lmdb", workers: 2 }]);
  });

  test("the sockets between the processes are in a folder that is their user's alone", async () => {
    const [folder = "", ...others] = await readdir(temporary);
    expect(others).toEqual([]);
    expect((await stat(join(temporary, folder))).mode & 0o777).toBe(0o700);
    expect(await readdir(join(temporary, folder))).toEqual(["primary.sock"]);
    const socket = connect(join(temporary, folder, "primary.sock"));
    socket.resume().write("GET / HTTP/1.1\n");
    await once(socket, "close");
    expect((await fetch(served.url)).status).toBe(200);
  });

  test("readers at both get every message in order, whichever worker takes it", async () => {
    const [one, two] = await readers(served.url, "both");
    const texts = Array.from({ length: 20 }, (_, index) => String(index));
    for (const each of texts) await publish(served.url, "both", each);
    for (const reader of [one, two]) {
      const messages = await take(reader, texts.length);
      expect(messages.map(({ data }) => data)).toEqual(texts);
      reader.cut();
    }
  });

  test("channels come and go on a connection, whichever worker is asked", async () => {
    const [one, two] = await readers(served.url, "first");
    for (const reader of [one, two]) {
      for (const channel of ["second", "third"]) {
        const body = JSON.stringify({ subscribe: [{ channel, since: "earliest" }] });
        const answer = await send(`${served.url}/connections/${reader.connection}`, {
          method: "PATCH",
          body,
        });
        expect(answer.status).toBe(200);
      }
      await until(reader, (event) => event.type === "caught-up" && event.channel === "third");
      reader.cut();
    }
    const body = JSON.stringify({ subscribe: [] });
    const answer = await send(`${served.url}/connections/${"x".repeat(16)}`, { method: "PATCH", body });
    expect(answer.json()).toMatchObject({ status: 404, code: "CONNECTION_UNKNOWN" });
  });

  test("what is too large to travel inline is stored once, and fetched from any worker", async () => {
    const body = "x".repeat(3_000_000);
    for (let count = 0; count < 2; count++) {
      const answer = await send(`${served.url}/channels/large`, {
        method: "POST",
        body,
        headers: { "content-type": "text/plain" },
      });
      expect(answer.status).toBe(201);
    }
    for (const { artifact } of await messagesOf(served, "large")) {
      const { url, size } = artifact as { readonly url: string; readonly size: number };
      expect(size).toBe(body.length);
      for (let count = 0; count < 2; count++) {
        const answer = await fetch(`${served.url}${url}`, { headers: { connection: "close" } });
        expect(await answer.text()).toBe(body);
      }
    }
    const stored = await send(`${served.url}/artifacts`, {
      method: "POST",
      body,
      headers: { "content-type": "text/plain" },
    });
    const { id } = stored.json() as { readonly id: string };
    const named = await send(`${served.url}/channels/large?artifact=${id}`, { method: "POST" });
    expect(named.status).toBe(201);
    const gone = await send(`${served.url}/artifacts/none`, { method: "GET" });
    expect(gone.json()).toMatchObject({ status: 404, code: "ARTIFACT_UNKNOWN" });
  });

  test("figures are those of all processes, each with its worker's label; messages travel through each", async () => {
    const text = await (await fetch(`${served.url}/metrics`)).text();
    expect(text).toMatch(/^tidings_workers\{worker="0"\} 2$/m);
    for (const worker of [0, 1, 2])
      expect(text).toMatch(new RegExp(`^process_resident_memory_bytes\\{worker="${worker}"\\} \\d+$`, "m"));
    expect(text.match(/^# TYPE tidings_sockets gauge$/gm)).toHaveLength(1);
    for (let count = 0; count < 2; count++) {
      const ready = await fetch(`${served.url}/readyz`, { headers: { connection: "close" } });
      expect(ready.status).toBe(200);
    }
  });

  test("one that is killed is replaced; its readers go on at the others, and miss nothing", async () => {
    const [one, two] = await readers(served.url, "killed");
    await publish(served.url, "killed", "0");
    for (const reader of [one, two]) await take(reader, 1);
    const replaced = logged(served, "was replaced").length;
    const ended = logged(served, "a worker ended").length;
    process.kill(await pidOf(served, 1), "SIGKILL");
    expect(await one.next()).toBeUndefined();
    // What connects before that is noticed may be handed to it, and ends as any connection to it.
    await served.process.until(() => logged(served, "a worker ended").length > ended);
    for (const each of ["1", "2", "3", "4"]) await publish(served.url, "killed", each);
    const again = await one.reopen();
    const meanwhile = await take(again, 4);
    expect(meanwhile.map(({ data }) => data)).toEqual(["1", "2", "3", "4"]);
    await take(two, 4);
    await served.process.until(() => logged(served, "was replaced").length > replaced);
    expect(logged(served, "a worker ended").at(-1)).toMatchObject({ worker: 1, reason: "SIGKILL" });
    const [first, second] = await readers(served.url, "killed");
    for (const reader of [again, two, first, second]) reader.cut();
  });

  test("of one that stands still one connection waits, the others are answered; killed, it lets that one go", async () => {
    process.kill(await pidOf(served, 2), "SIGSTOP");
    // It had no time to tell that the last readers went, so that it may be taken for the busier one for a while.
    const COUNT = 24;
    const asked = Array.from({ length: COUNT }, async () => {
      const client = await RawClient.open(Number(new URL(served.url).port));
      client.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
      return client;
    });
    let answered = 0;
    const clients = await Promise.all(asked);
    const settled = clients.map((client) =>
      client.until("alive").then(async () => {
        if (++answered === COUNT - 1) process.kill(await pidOf(served, 2), "SIGKILL");
      }),
    );
    const ends = await Promise.allSettled(settled);
    expect(ends.filter(({ status }) => status === "rejected")).toHaveLength(1);
    for (const { socket } of clients) socket.destroy();
    await served.process.until(() => logged(served, "was replaced").at(-1)?.["worker"] === 2);
  });

  test("where the primary is killed the workers say so and end; what was acknowledged is there after a new start", async () => {
    await publish(served.url, "kept", "1");
    await publish(served.url, "kept", "2");
    // Ends once nobody has its output any more: the workers, too.
    await served.kill();
    expect(logged(served, "the primary process is gone")).toHaveLength(2);
    expect(await readdir(temporary)).toEqual([]);
    await served.startAgain();
    expect((await messagesOf(served, "kept")).map(({ data }) => data)).toEqual([1, 2]);
  });

  test("SIGTERM sends the connections of all away, and ends with 0", async () => {
    const [one, two] = await readers(served.url, "drained");
    served.process.process.kill("SIGTERM");
    for (const reader of [one, two]) await until(reader, (event) => event.type === "draining");
    const { code, stdout } = await served.process.ended;
    expect(code).toBe(0);
    expect(stdout).toContain('"msg":"stopped"');
  });
});

describe("tidings serve with workers", () => {
  test("a port that is in use is told as by one process, with 1", async () => {
    await using other = createServer();
    other.listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    await using running = new Running(["serve", "--workers", "2", "--log", "memory", "--port", String(port)]);
    const { code, stderr } = await running.ended;
    expect(code).toBe(1);
    expect(stderr).toContain(`cannot listen on 127.0.0.1, port ${port}: something else listens there`);
  });

  test.runIf(hasRedis())("on Redis each has its own way to the log (redis-server is installed)", async () => {
    await using redis = await RedisServer.start();
    await using served = await serve("--workers", "2", "--node", "tested", "--log", redis.url);
    const [one, two] = await readers(served.url, "a");
    for (const each of ["1", "2", "3"]) await publish(served.url, "a", each);
    for (const reader of [one, two]) {
      expect((await take(reader, 3)).map(({ data }) => data)).toEqual(["1", "2", "3"]);
      reader.cut();
    }
  });

  test("a head that takes too long ends as it does with one process; so does a WebSocket's end", async () => {
    const flags = ["--workers", "2", "--log", "memory", "--limit", "requestTimeoutMs=300ms"];
    await using served = await serve(...flags);
    await using client = await RawClient.open(Number(new URL(served.url).port));
    client.send("GET / HTTP/1.1\r\nHost: local");
    expect(await client.until("REQUEST_TIMEOUT")).toContain("408");
    const stream = await webSocketDriver({ isMulti: true, v1: true }).open(served.url, { channels: ["a"] });
    await untilCaughtUp(stream);
    served.process.process.kill("SIGTERM");
    expect((await served.process.ended).code).toBe(0);
    while ((await stream.next()) !== undefined);
    expect(stream.closeCode).toBe(4503);
  });

  test("how many is 1 to 128, or auto", async () => {
    await using running = new Running(["serve", "--workers", "129"]);
    const { code, stderr } = await running.ended;
    expect(code).toBe(2);
    expect(stderr).toContain('must be a whole number from 1 to 128, or "auto"');
  });
});
