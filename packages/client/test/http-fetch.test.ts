import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { globalAgent, type IncomingMessage, type ServerResponse } from "node:http";
import { buffer, text } from "node:stream/consumers";
import { createGzip, gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { connect } from "../src/index.ts";
import { httpFetch } from "../src/node.ts";
import type { FetchAnswer, FetchRequest, TransportName } from "../src/types.ts";
import { openRaw } from "./support/raw-server.ts";
import { openServer } from "./support/server.ts";

const ask = async (url: string, request: Partial<FetchRequest> = {}): Promise<FetchAnswer> =>
  httpFetch(url, { headers: new Headers(), ...request });

/** Which of its connections each request came on, by their turn. */
function connectionsOf(): { readonly seen: number[]; readonly see: (req: IncomingMessage) => void } {
  const sockets: unknown[] = [];
  const seen: number[] = [];
  return {
    seen,
    see({ socket }) {
      if (!sockets.includes(socket)) sockets.push(socket);
      seen.push(sockets.indexOf(socket));
    },
  };
}

describe("a client with httpFetch", () => {
  test.each(["long-poll", "poll", "sse", "ndjson", "auto"] satisfies (TransportName | "auto")[])(
    "publishes, and reads what was published: %s",
    async (transport) => {
      await using server = await openServer();
      const tidings = connect(server.url, { transport, fetch: httpFetch, tuning: { pollMs: 20 } });
      const channel = tidings.channel("a");
      const read = channel.messages({ since: "earliest" });
      for (const data of ["é€😀", { n: 1 }, Uint8Array.of(0, 255)]) {
        await channel.publish("message", data);
        expect((await read.next()).value).toMatchObject({ data });
      }
      tidings.close();
    },
  );

  test("polls on one connection, and keeps no timer of an answered poll", async () => {
    const { seen, see } = connectionsOf();
    const done = Promise.withResolvers<void>();
    await using server = await openRaw((req, res) => {
      see(req);
      if (seen.length === 30) done.resolve();
      const n = seen.length;
      const line = (type: string, at: number, more = ""): string =>
        `{"type":"${type}","channel":"a","cursor":"e.${at}"${more}}\n`;
      req.resume().on("end", () => {
        res.writeHead(200, { "content-type": "application/x-ndjson" });
        res.end(
          line("ok", n - 1) + line("message", n, ',"time":"","event":"m","data":1') + line("caught-up", n),
        );
      });
    });
    const before = timers();
    const tidings = connect(server.url, { transport: "long-poll", fetch: httpFetch });
    tidings.channel("a").on("*", () => undefined);
    await done.promise;
    expect(new Set(seen)).toEqual(new Set([0]));
    expect(timers() - before).toBeLessThan(5);
    tidings.close();
  });
});

const timers = (): number => process.getActiveResourcesInfo().filter((each) => each === "Timeout").length;

describe("httpFetch", () => {
  test("sends method, headers and text, and answers status, headers and text", async () => {
    await using server = await openRaw((req, res) => {
      void text(req).then((body) => {
        res
          .writeHead(201, { "x-said": `${req.method} ${req.url} ${String(req.headers["x-own"])}` })
          .end(`${body}!`);
      });
    });
    const headers = new Headers({ "X-Own": "mine" });
    const answer = await ask(`${server.url}/a?b=c`, { method: "POST", headers, body: "é€😀" });
    expect([answer.ok, answer.status]).toEqual([true, 201]);
    expect(answer.headers.get("X-Said")).toBe("POST /a?b=c mine");
    expect(answer.headers.get("x-none")).toBeNull();
    expect(await answer.text()).toBe("é€😀!");
  });

  test("asks once what the turn has brought is handed on", async () => {
    await using server = await openRaw((_, res) => res.end());
    const order: string[] = [];
    const began = (): void => void order.push("request");
    subscribe("http.client.request.created", began);
    const asked = ask(server.url);
    for (let at = 0; at < 100; at++) await Promise.resolve();
    order.push("handed on");
    await asked;
    unsubscribe("http.client.request.created", began);
    expect(order).toEqual(["handed on", "request"]);
  });

  test.each([
    [204, "", undefined],
    [304, "", undefined],
    [404, '{"code":"NOT_FOUND"}', { code: "NOT_FOUND" }],
  ])("%i is an answer", async (status, body, value) => {
    await using server = await openRaw((_, res) => res.writeHead(status).end(body));
    const answer = await ask(server.url);
    expect([answer.ok, answer.status]).toEqual([status === 204, status]);
    if (value === undefined) expect(await answer.text()).toBe("");
    else expect(await answer.json()).toEqual(value);
  });

  test.each([65_536, 65_537])("sends a Blob of %i bytes with its length and type", async (size) => {
    await using server = await openRaw((req, res) => {
      void buffer(req).then(({ length }) =>
        res.end(`${length} ${req.headers["content-length"]} ${req.headers["content-type"]}`),
      );
    });
    const body = new Blob(["x".repeat(size)], { type: "image/png" });
    const answer = await ask(server.url, { method: "POST", body });
    expect(await answer.text()).toBe(`${size} ${size} image/png`);
  });

  test.each([65_536, 65_537])("an answer of %i bytes that nobody reads", async (size) => {
    const { seen, see } = connectionsOf();
    await using server = await openRaw((req, res) => {
      see(req);
      res.writeHead(200, { "content-length": size }).end(Buffer.alloc(size));
    });
    const caller = new AbortController();
    const isFree = once(globalAgent, "free");
    await ask(server.url, { signal: caller.signal });
    if (size <= 65_536) await isFree;
    await ask(server.url, { signal: caller.signal });
    // One that is longer keeps its connection.
    expect(seen).toEqual(size <= 65_536 ? [0, 0] : [0, 1]);
    caller.abort();
  });

  test("what is zipped is taken as it comes", async () => {
    let rest = (): void => undefined;
    await using server = await openRaw((req, res) => {
      expect(req.headers["accept-encoding"]).toBe("gzip");
      const zip = createGzip();
      res.writeHead(200, { "content-encoding": "gzip" });
      zip.pipe(res);
      zip.write("first");
      zip.flush();
      rest = () => zip.end("last");
    });
    const reader = (await ask(server.url)).body?.getReader();
    const next = async (): Promise<string> => new TextDecoder().decode((await reader?.read())?.value);
    expect(await next()).toBe("first");
    rest();
    expect(await next()).toBe("last");
  });

  test("a body can be read as a stream, and whole, of whatever length", async () => {
    for (const size of [0, 10, 200_000]) {
      const body = "x".repeat(size);
      await using server = await openRaw((req, res) => {
        res.writeHead(200, req.url === "/zip" ? { "content-encoding": "gzip" } : {});
        res.end(req.url === "/zip" ? gzipSync(body) : body);
      });
      for (const path of ["/", "/zip"]) {
        expect(await (await ask(server.url + path)).text()).toBe(body);
        const stream = (await ask(server.url + path)).body as ReadableStream<Uint8Array>;
        expect(await text(stream)).toBe(body);
      }
    }
  });

  test.each([10, 200_000])("reading a body of %i bytes that is cut is refused", async (size) => {
    const cut = (_: IncomingMessage, res: ServerResponse): void => {
      res.writeHead(200, { "content-length": size }).write("x", () => res.destroy());
    };
    await using server = await openRaw(cut);
    await expect((await ask(server.url)).text()).rejects.toThrow();
    await expect(text((await ask(server.url)).body as ReadableStream<Uint8Array>)).rejects.toThrow();
  });

  test("a caller that gives up ends it: before it is sent, while it waits, and while its body is read", async () => {
    const asked: string[] = [];
    const caller = { waiting: new AbortController(), reading: new AbortController() };
    await using server = await openRaw((req, res) => {
      asked.push(String(req.url));
      if (req.url === "/waiting") caller.waiting.abort();
      else res.writeHead(200).write("a");
    });
    await expect(ask(server.url, { signal: AbortSignal.abort() })).rejects.toThrow("aborted");
    await expect(ask(`${server.url}/waiting`, { signal: caller.waiting.signal })).rejects.toThrow("aborted");
    const answer = await ask(`${server.url}/reading`, { signal: caller.reading.signal });
    const read = answer.text();
    caller.reading.abort();
    await expect(read).rejects.toThrow();
    expect(asked).toEqual(["/waiting", "/reading"]);
  });

  test("who cannot be reached is told, and https is not spoken in the clear", async () => {
    await using server = await openRaw((_, res) => res.end());
    await expect(ask("http://127.0.0.1:1/")).rejects.toThrow("ECONNREFUSED");
    await expect(ask(server.url.replace("http:", "https:"))).rejects.toThrow(/SSL|EPROTO/);
  });
});
