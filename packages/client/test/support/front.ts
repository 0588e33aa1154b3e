import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createTidings, type Tidings, type TidingsOptions } from "tidings";

export interface TestServer extends AsyncDisposable {
  readonly url: string;
  readonly tidings: Tidings;
}

/** A real server, in memory. */
export async function openServer(options: TidingsOptions = {}): Promise<TestServer> {
  const tidings = await createTidings({ log: "memory", drainMs: 0, ...options });
  const { url } = await tidings.listen({ port: 0 });
  return { url: url.replace(/\/$/, ""), tidings, [Symbol.asyncDispose]: () => tidings.close() };
}

/** What a channel holds. */
export async function held(url: string, channel: string): Promise<readonly unknown[]> {
  const response = await fetch(`${url}/channels/${channel}`, { headers: { accept: "application/json" } });
  const { messages } = (await response.json()) as { messages: readonly { readonly data?: unknown }[] };
  return messages.map(({ data }) => data);
}

/** What answers one request: by itself, or by the real server after all. */
export type Fault = (exchange: {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly body: Buffer;
  /** Sends the request on, and answers with what the server answers. */
  readonly pass: () => Promise<void>;
  /** Sends the request on, and loses the answer. */
  readonly lose: () => Promise<void>;
}) => unknown;

export interface Front extends AsyncDisposable {
  readonly url: string;
  /** Method, path and headers of each request that came. */
  readonly seen: {
    readonly method: string;
    readonly url: string;
    readonly headers: IncomingMessage["headers"];
  }[];
  /** What becomes of the next requests, one each; the rest are passed on. */
  readonly faults: Fault[];
}

/** An HTTP server that stands before another one, or before none, and misbehaves as it is told. */
export async function openFront(target = ""): Promise<Front> {
  const seen: Front["seen"] = [];
  const faults: Fault[] = [];
  const server = createServer((req, res) => {
    void (async () => {
      seen.push({ method: String(req.method), url: String(req.url), headers: req.headers });
      const parts: Buffer[] = [];
      for await (const part of req) parts.push(part as Buffer);
      const body = Buffer.concat(parts);
      const ask = async (): Promise<Response> => {
        const { connection: _, host: __, "content-length": ___, ...headers } = req.headers;
        return fetch(target + req.url, {
          method: String(req.method),
          headers: headers as Record<string, string>,
          ...(body.length === 0 ? {} : { body }),
        });
      };
      const fault = faults.shift() ?? (({ pass }) => pass());
      await fault({
        req,
        res,
        body,
        async pass() {
          const answer = await ask();
          res.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "" });
          res.end(Buffer.from(await answer.arrayBuffer()));
        },
        async lose() {
          await (await ask()).arrayBuffer();
          req.socket.destroy();
        },
      });
    })().catch(() => res.destroy());
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    faults,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Answers with a status, and what else there is. */
export const answer =
  (status: number, headers: Record<string, string> = {}, body: unknown = ""): Fault =>
  ({ res }) => {
    res.writeHead(status, headers).end(typeof body === "string" ? body : JSON.stringify(body));
  };

/** As in React Native: an answer has no `body`. */
export const withoutStreams: typeof fetch = async (...request) => {
  const response = await fetch(...request);
  return Object.defineProperty(response, "body", { value: undefined });
};

/** Never answers. */
export const silence: Fault = () => undefined;
