import { once } from "node:events";
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import {
  ndjsonDriver,
  publish,
  publishNumbers,
  send,
  sseDriver,
  take,
  until,
  webSocketDriver,
} from "@tidings/testing";
import { describe, expect, test } from "vitest";
import { WebSocketServer } from "ws";
import type { TidingsOptions } from "../../src/create/options.ts";
import { createTidings, type Tidings } from "../../src/tidings.ts";
import { RawClient } from "../support/raw-client.ts";
import { handshake, RawWebSocket } from "../support/raw-web-socket.ts";

type Middleware = (
  req: IncomingMessage & { originalUrl?: string },
  res: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/** What Express and Connect do with middleware, in a few lines: `use(path)` cuts the path off `url`. */
class App {
  readonly #layers: { readonly path: string; readonly middleware: Middleware }[] = [];

  use(path: string, middleware: Middleware): this {
    this.#layers.push({ path, middleware });
    return this;
  }

  readonly listener: RequestListener = (req: IncomingMessage & { originalUrl?: string }, res) => {
    const whole = req.url ?? "/";
    req.originalUrl = whole;
    const layers = this.#layers.values();
    const next = (): void => {
      const { value: layer, done } = layers.next();
      if (done === true) return void res.writeHead(404).end("the app's own 404");
      if (layer.path !== "" && !whole.startsWith(`${layer.path}/`) && whole !== layer.path) return next();
      req.url = whole.slice(layer.path.length) || "/";
      layer.middleware(req, res, next);
    };
    next();
  };
}

interface Mounted extends AsyncDisposable {
  readonly tidings: Tidings;
  readonly server: Server;
  readonly url: string;
  readonly port: number;
}

async function mount(
  options: TidingsOptions,
  listener: (tidings: Tidings) => RequestListener,
): Promise<Mounted> {
  const tidings = await createTidings({ log: "memory", ...options });
  const server = createServer(listener(tidings));
  const detach = tidings.attach(server);
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  return {
    tidings,
    server,
    port,
    url: `http://127.0.0.1:${port}${options.basePath ?? ""}`,
    async [Symbol.asyncDispose]() {
      detach();
      await tidings.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function serves(url: string): Promise<void> {
  for (const driver of [
    sseDriver({ isMulti: false }),
    ndjsonDriver({ isMulti: true }),
    webSocketDriver({ v1: true, isMulti: false }),
  ]) {
    await using stream = await driver.open(url, { channels: ["a/b"], since: "latest" });
    await until(stream, ({ type }) => type === "caught-up");
    await publish(url, "a/b", "1");
    expect(await take(stream, 1), driver.name).toMatchObject([{ channel: "a/b", data: "1" }]);
  }
}

describe("mounted in a plain Node server", () => {
  test("serves every transport, with the handler as the server's own listener", async () => {
    await using app = await mount({}, (tidings) => tidings.handler);
    await serves(app.url);
  });

  test("below a base path, beside the app's own routes", async () => {
    await using app = await mount({ basePath: "/push/v1" }, (tidings) => (req, res) => {
      if (req.url?.startsWith("/push/v1") === true) tidings.handler(req, res);
      else res.end("the app");
    });
    await serves(app.url);
    expect((await send(`http://127.0.0.1:${app.port}/channels/a/b`)).text).toBe("the app");
    expect((await send(`${app.url}`)).json()).toMatchObject({ name: "tidings" });
  });

  test("a URL outside of the base path is a problem where there is nobody to pass it on to", async () => {
    await using app = await mount({ basePath: "/push" }, (tidings) => tidings.handler);
    for (const path of ["/channels/a", "/pusher/channels/a", "/"]) {
      const answer = await send(`http://127.0.0.1:${app.port}${path}`);
      expect([answer.status, answer.json()], path).toEqual([
        404,
        expect.objectContaining({ code: "NOT_FOUND" }),
      ]);
    }
  });

  test("a base path that is none is refused at the start", async () => {
    for (const basePath of ["push", "/push/", "/a b", "//"]) {
      await expect(createTidings({ log: "memory", basePath }), basePath).rejects.toMatchObject({
        code: "CONFIG_INVALID",
      });
    }
  });
});

describe("mounted in an app of middleware, as Express and Connect have", () => {
  test("at a path, with the base path said", async () => {
    const app = new App();
    await using mounted = await mount(
      { basePath: "/push" },
      (tidings) => app.use("/push", tidings.handler).listener,
    );
    await serves(mounted.url);
  });

  test("at the root, what is not for it goes on to the app's other routes, before anything is checked", async () => {
    const app = new App();
    await using mounted = await mount(
      {},
      (tidings) => app.use("", tidings.handler).use("/other", (_, res) => void res.end("other")).listener,
    );
    await serves(mounted.url);
    const foreign = { host: "app.example.com", origin: "https://elsewhere.example" };
    const other = await send(`${mounted.url}/other`, { headers: foreign });
    expect([other.status, other.text]).toEqual([200, "other"]);
    expect((await send(`${mounted.url}/nothing`)).text).toBe("the app's own 404");
    expect((await send(`${mounted.url}/channels/a`, { headers: foreign })).status).toBe(403);
  });

  test("a body that a parser has read before is said so", async () => {
    const app = new App();
    const parser: Middleware = (req, _, next) => void req.resume().on("end", () => next());
    await using mounted = await mount({}, (tidings) => app.use("", parser).use("", tidings.handler).listener);
    const answer = await send(`${mounted.url}/channels/a`, {
      method: "POST",
      body: "1",
      headers: { "content-type": "application/json" },
    });
    expect([answer.status, answer.json()]).toEqual([
      400,
      expect.objectContaining({ detail: expect.stringContaining("ahead of body parsers") as string }),
    ]);
  });
});

describe("beside other upgrades of the same server", () => {
  test("takes its own URLs and leaves the others to their listeners, whatever their origin", async () => {
    const others = new WebSocketServer({ noServer: true });
    await using mounted = await mount({}, (tidings) => tidings.handler);
    mounted.server.on("upgrade", (req, socket, head) => {
      if (req.url === "/others") others.handleUpgrade(req, socket, head, (ws) => ws.send("others"));
    });
    await serves(mounted.url);
    await using client = await RawClient.open(mounted.port);
    client.send(handshake("/others", { Origin: "https://elsewhere.example" }));
    expect(await client.until("others")).toMatch(/^HTTP\/1\.1 101 /);
    others.close();
  });

  test("alone, it refuses what is nobody's, so that no client hangs", async () => {
    await using mounted = await mount({ basePath: "/push" }, (tidings) => tidings.handler);
    for (const path of ["/others", "/channels/a", "/push/others"]) {
      await using socket = await RawWebSocket.open(mounted.port, path);
      expect(socket.head, path).toMatch(/^HTTP\/1\.1 404 /);
    }
  });

  test("once detached, it serves no upgrade any more", async () => {
    const tidings = await createTidings({ log: "memory" });
    const server = createServer(tidings.handler);
    tidings.attach(server)();
    expect(server.listenerCount("upgrade")).toBe(0);
    await tidings.close();
  });
});

test("two servers in one process know nothing of each other", async () => {
  await using one = await mount({}, (tidings) => tidings.handler);
  await using two = await mount({}, (tidings) => tidings.handler);
  await publishNumbers(one.url, "a", 1, 3);
  expect((await send(`${two.url}/channels/a`)).json()).toMatchObject({ messages: [] });
  expect((await send(`${one.url}/metrics`)).text).toMatch(/^tidings_messages_published_total 3$/m);
  expect((await send(`${two.url}/metrics`)).text).toMatch(/^tidings_messages_published_total 0$/m);
});
