import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync, brotliDecompressSync, gzipSync } from "node:zlib";
import { send } from "@tidings/testing";
import { describe, expect, test } from "vitest";
import { Assets, serveAsset, serveLab, serveStart } from "../../src/assets/index.ts";
import { OPEN_ACCESS } from "../../src/auth/index.ts";
import { openServer } from "../support/logs.ts";

const LAB_PATH = "http://127.0.0.1:1234";
const PAGE = "<!doctype html><title>Tidings</title>";
const SCRIPT = "export {};\n".repeat(100);
const HTML = { accept: "text/html,application/xhtml+xml,*/*;q=0.8" };

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly text: string;
}

/** Asks, and leaves the body as it comes. */
async function get(url: string, headers: Readonly<Record<string, string>>, method: string): Promise<Answer> {
  const sent = request(url, { headers, method, agent: false }).end();
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  const bytes = Buffer.concat((await response.toArray()) as Buffer[]);
  return { status: response.statusCode, headers: response.headers, bytes, text: bytes.toString() };
}

interface Site extends AsyncDisposable {
  readonly ask: (
    path: string,
    headers?: Readonly<Record<string, string>>,
    method?: string,
  ) => Promise<Answer>;
}

/** Pages as a bundler leaves them, served as the router does; what no page is answered with is 404. */
async function openSite(): Promise<Site> {
  const folder = await mkdtemp(join(tmpdir(), "tidings-assets-"));
  await mkdir(join(folder, "assets"));
  await writeFile(join(folder, "index.html"), PAGE);
  await writeFile(join(folder, "lab.html"), PAGE);
  await writeFile(join(folder, "assets", "index-B2x9LkQ_.js"), SCRIPT);
  await writeFile(join(folder, "assets", "index-B2x9LkQ_.js.br"), brotliCompressSync(SCRIPT));
  await writeFile(join(folder, "assets", "index-B2x9LkQ_.js.gz"), gzipSync(SCRIPT));
  await writeFile(join(folder, "assets", "plain.css"), "a{}");
  await writeFile(join(folder, "..", "tidings-outside.js"), "secret");
  const assets = new Assets(folder);
  const server = createServer((req, res) => {
    const path = decodeURIComponent(req.url ?? "");
    const exchange = {
      req,
      res,
      query: new URLSearchParams(),
      name: path.slice("/assets/".length),
      access: OPEN_ACCESS,
    };
    const serve = async (): Promise<unknown> => {
      if (path === "/" || path === "/push") return (await serveStart(assets, exchange)) || res.end("{}");
      return path === "/lab" ? serveLab(assets, exchange, [LAB_PATH]) : serveAsset(assets, exchange);
    };
    serve().catch(() => res.writeHead(404).end());
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  return {
    ask: (path, headers = {}, method = "GET") => get(`http://127.0.0.1:${port}${path}`, headers, method),
    async [Symbol.asyncDispose]() {
      server.close();
      await rm(folder, { recursive: true });
      await rm(join(folder, "..", "tidings-outside.js"));
    },
  };
}

describe("the pages", () => {
  test("are for browsers: whoever takes anything gets JSON, as before", async () => {
    await using site = await openSite();
    const page = await site.ask("/", HTML);
    expect([page.status, page.text]).toEqual([200, PAGE]);
    expect((await site.ask("/", { accept: "*/*" })).text).toBe("{}");
    expect((await site.ask("/")).text).toBe("{}");
    expect((await site.ask("/lab", HTML)).text).toBe(PAGE);
    expect((await site.ask("/lab")).status).toBe(404);
  });

  test("run nothing but their own scripts, and are asked for anew each time", async () => {
    await using site = await openSite();
    const { headers } = await site.ask("/", HTML);
    expect(headers["content-security-policy"]).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; " +
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
    expect(headers).toMatchObject({
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-cache",
      "referrer-policy": "same-origin",
    });
    const again = await site.ask("/", { ...HTML, "if-none-match": headers["etag"] as string });
    expect([again.status, again.text]).toEqual([304, ""]);
  });

  test("of a lab may connect to the lab's paths too, which no other page may", async () => {
    await using site = await openSite();
    const policies = await Promise.all(
      ["/lab", "/"].map(async (path) => (await site.ask(path, HTML)).headers["content-security-policy"]),
    );
    expect(policies[0]).toContain(`connect-src 'self' ${LAB_PATH};`);
    expect(policies[1]).toContain("connect-src 'self';");
  });

  test("below a base path stand under a slash, from where their parts are found", async () => {
    await using site = await openSite();
    const { status, headers } = await site.ask("/push", HTML);
    expect([status, headers["location"]]).toEqual([308, "push/"]);
  });
});

describe("their parts", () => {
  const name = "/assets/index-B2x9LkQ_.js";

  test("are kept for ever under a name that has their hash, and compressed as the browser likes best", async () => {
    await using site = await openSite();
    const plain = await site.ask(name);
    expect(plain.headers).toMatchObject({
      "cache-control": "public, max-age=31536000, immutable",
      "content-type": "text/javascript; charset=utf-8",
      vary: "Accept-Encoding",
    });
    expect(plain.text).toBe(SCRIPT);
    const brotli = await site.ask(name, { "accept-encoding": "gzip, deflate, br" });
    expect(brotli.headers["content-encoding"]).toBe("br");
    expect(brotliDecompressSync(brotli.bytes).toString()).toBe(SCRIPT);
    const gzip = await site.ask(name, { "accept-encoding": "gzip, br;q=0" });
    expect(gzip.headers["content-encoding"]).toBe("gzip");
    expect(new Set([plain, brotli, gzip].map(({ headers }) => headers["etag"])).size).toBe(3);
    const css = await site.ask("/assets/plain.css");
    expect([css.headers["cache-control"], css.headers["vary"]]).toEqual(["no-cache", undefined]);
  });

  test("have a head alone where that is asked for", async () => {
    await using site = await openSite();
    const { headers, text } = await site.ask(name, {}, "HEAD");
    expect([headers["content-length"], text]).toEqual([String(SCRIPT.length), ""]);
  });

  test.each([
    "/assets/none.js",
    "/assets/../index.html",
    "/assets/../../tidings-outside.js",
    "/assets/",
    "/assets/index-B2x9LkQ_.js.br",
  ])("%s is none of them", async (path) => {
    await using site = await openSite();
    expect((await site.ask(encodeURI(path).replaceAll("..", "%2e%2e"))).status).toBe(404);
  });
});

test("a server answers programs at / as ever, and has no way out of its folder", async () => {
  await using server = await openServer();
  expect(JSON.parse((await send(`${server.url}/`)).text)).toMatchObject({ name: "tidings" });
  expect((await send(`${server.url}/assets/%2e%2e/package.json`)).status).toBe(404);
});
