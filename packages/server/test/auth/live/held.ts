import { mint } from "../support.ts";
import { ask } from "../table/ask.ts";
import { Socket } from "../table/socket.ts";
import { bearer } from "../table/world.ts";
import type { TestServer } from "../../support/logs.ts";

/** A request or a socket that the server holds open, on the channels "a" and "b" where it reads several. */
export interface Held extends AsyncDisposable {
  /** Waits until a text stands in what came. */
  untilText(wanted: string): Promise<void>;
  /** What came until now. */
  readonly text: string;
  /** How it ended: by a status, or by a close code, and all that it was sent. */
  readonly ended: Promise<{
    readonly status?: number;
    readonly code?: number;
    readonly text: string;
  }>;
}

interface Way {
  readonly name: string;
  /** Held on a quiet channel, and answered once. */
  readonly isPoll: boolean;
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** A WebSocket, without frames or with them. */
  readonly socket?: "plain" | "tidings.v1";
}

const SSE = { accept: "text/event-stream" };
const NDJSON = { accept: "application/x-ndjson" };
const JSON_BODY = { "content-type": "application/json" };
const BOTH = "/connect?channel=a&channel=b";
const QUIET = JSON.stringify({ subscribe: [{ channel: "quiet" }] });

/** Everything that is held. */
export const HELD: readonly Way[] = [
  { name: "SSE of one channel", isPoll: false, path: "/channels/a", headers: SSE },
  { name: "SSE of several", isPoll: false, path: BOTH, headers: SSE },
  { name: "NDJSON of one channel", isPoll: false, path: "/channels/a", headers: NDJSON },
  { name: "NDJSON of several", isPoll: false, path: BOTH, headers: NDJSON },
  { name: "plain WebSocket of one channel", isPoll: false, path: "/channels/a", socket: "plain" },
  { name: "plain WebSocket of several", isPoll: false, path: BOTH, socket: "plain" },
  { name: "tidings.v1 of one channel", isPoll: false, path: "/channels/a", socket: "tidings.v1" },
  { name: "tidings.v1 of several", isPoll: false, path: BOTH, socket: "tidings.v1" },
  { name: "long poll", isPoll: true, path: "/channels/quiet?since=latest&wait=20" },
  {
    name: "long poll of several",
    isPoll: true,
    path: "/connect?channel=quiet&channel=hushed&since=latest&wait=20",
  },
  {
    name: "poll in lines",
    isPoll: true,
    path: "/connect?wait=20",
    method: "POST",
    headers: { ...NDJSON, ...JSON_BODY },
    body: QUIET,
  },
  { name: "poll of presence", isPoll: true, path: "/presence/quiet?wait=20" },
];

/** Opens it, and waits until the server holds it. */
export async function hold(name: string, server: TestServer, token: string): Promise<Held> {
  const way = HELD.find((each) => each.name === name) as Way;
  const url = `${server.url}${way.path}`;
  if (way.socket !== undefined) {
    const socket = await Socket.open(url, bearer(token), way.socket === "plain");
    return {
      untilText: (wanted) => socket.untilText(wanted),
      get text() {
        return socket.text;
      },
      ended: socket.closed().then((code) => ({ code, text: socket.text })),
      [Symbol.asyncDispose]: () => socket[Symbol.asyncDispose](),
    };
  }
  // What a poll of presence waits for: that it differs from this.
  const known = way.path.startsWith("/presence")
    ? await ask(server.url, { method: "GET", path: "/presence/quiet", headers: bearer(token) })
    : undefined;
  const before = await heldBy(server);
  const stream = new Stream();
  const ended = ask(server.url, {
    method: way.method ?? "GET",
    path: way.path,
    headers: {
      ...bearer(token),
      ...way.headers,
      ...(known === undefined ? {} : { "if-none-match": known.headers.etag ?? "" }),
    },
    body: way.body,
    onText: (text) => stream.put(text),
    signal: stream.left.signal,
  });
  let isOver = false;
  void ended.catch(() => undefined).then(() => (isOver = true));
  while (!isOver && (await heldBy(server)) <= before) {
    // asked again: a poll says nothing while it is held
  }
  return {
    untilText: (wanted) => stream.until(wanted),
    get text() {
      return stream.text;
    },
    ended,
    async [Symbol.asyncDispose]() {
      stream.left.abort();
      await ended.catch(() => undefined);
    },
  };
}

/** How many requests and sockets are held. */
export async function heldBy({ url }: TestServer): Promise<number> {
  const headers = bearer(await mint({ admin: ["**"] }));
  const { text } = await ask(url, { method: "GET", path: "/metrics", headers });
  const counts = text.matchAll(/^tidings_connections\{[^}]*\} ([0-9]+)$/gm);
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
}

class Stream {
  readonly left = new AbortController();
  text = "";
  #arrived = Promise.withResolvers<void>();

  put(text: string): void {
    this.text = text;
    this.#arrived.resolve();
    this.#arrived = Promise.withResolvers();
  }

  async until(wanted: string): Promise<void> {
    while (!this.text.includes(wanted)) await this.#arrived.promise;
  }
}
