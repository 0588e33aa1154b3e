import { describe, expect, test } from "vitest";
import { createTidings } from "../../src/tidings.ts";
import { Child } from "../support/child.ts";
import { getRequest, RawClient } from "../support/raw-client.ts";

const ENTRY = new URL("../../dist/tidings.js", import.meta.url).href;
const STREAMS = 50;

/** A server of its own that, once told by a request, says how many requests and responses are alive in its memory. */
const SERVER = `
  import { IncomingMessage, ServerResponse } from "node:http";
  import { setImmediate as turn } from "node:timers/promises";
  import { queryObjects } from "node:v8";
  import { createTidings } from ${JSON.stringify(ENTRY)};
  const tidings = await createTidings({ log: "memory" });
  const { port } = await tidings.listen({ port: 0 });
  console.log(port);
  for await (const _ of tidings.subscribe("count")) {
    await turn();
    console.log(queryObjects(IncomingMessage, { format: "count" }) + queryObjects(ServerResponse, { format: "count" }));
  }
`;

const accept = (type: string): Readonly<Record<string, string>> => ({ Accept: type });

describe.each([
  ["server-sent events", getRequest("/channels/a", accept("text/event-stream")), "caught-up"],
  [
    "many channels of server-sent events",
    getRequest("/connect?channel=a", accept("text/event-stream")),
    "caught-up",
  ],
  ["NDJSON", getRequest("/channels/a", accept("application/x-ndjson")), "caught-up"],
])("a stream that is open, %s", (_, request, begun) => {
  const opened = async (port: number): Promise<RawClient> => {
    const client = await RawClient.open(port);
    client.send(request);
    await client.until(begun);
    return client;
  };

  test("costs its socket, and neither its request nor its response", async () => {
    await using server = new Child(SERVER);
    const port = Number(await server.line());
    const streams = await Promise.all(Array.from({ length: STREAMS }, async () => opened(port)));
    await fetch(`http://127.0.0.1:${port}/channels/count`, { method: "POST", body: "1" });
    // Those of the request that asked, and of the prototypes.
    expect(Number(await server.line())).toBeLessThan(STREAMS / 2);
    await Promise.all(streams.map(async (stream) => stream[Symbol.asyncDispose]()));
  });

  test("passes over what its client sends after the request, and serves on", async () => {
    await using tidings = await served();
    await using client = await opened(tidings.port);
    const publish = async (data: string): Promise<unknown> =>
      fetch(`${tidings.url}/channels/a`, { method: "POST", body: JSON.stringify(data) });
    await publish("begun");
    await client.until("begun");
    client.send("not HTTP at all\r\n\r\n".repeat(1_000));
    client.send(getRequest("/healthz"));
    await publish("served on");
    const came = await client.until("served on");
    expect(came).not.toContain("HTTP/1.1");
  });

  test("ends once its client says that nothing more will come", async () => {
    await using tidings = await served();
    await using client = await opened(tidings.port);
    client.socket.end();
    await client.closed();
  });

  test("ends with the server", async () => {
    const tidings = await served();
    await using client = await opened(tidings.port);
    await tidings[Symbol.asyncDispose]();
    await client.closed();
  });

  test("says when to come back and ends when the server drains", async () => {
    await using tidings = await served();
    await using client = await opened(tidings.port);
    await tidings.drain();
    expect(await client.closed()).toContain("reconnectInMs");
  });

  test("counts as answered once, when it ends", async () => {
    await using tidings = await served();
    const answered = async (): Promise<readonly string[]> => {
      const text = await (await fetch(`${tidings.url}/metrics`)).text();
      return text.match(/^tidings_http_requests_total\{method="GET",route="\/c.*$/gm) ?? [];
    };
    const client = await opened(tidings.port);
    expect(await answered()).toEqual([]);
    await client[Symbol.asyncDispose]();
    let lines = await answered();
    while (lines.length === 0) lines = await answered();
    expect(lines.map((line) => line.split(" ").at(-1))).toEqual(["1"]);
  });
});

interface Served extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  drain(): Promise<void>;
}

async function served(): Promise<Served> {
  const tidings = await createTidings({ log: "memory", drainMs: 10 });
  const { url, port } = await tidings.listen({ port: 0 });
  return {
    url,
    port,
    drain: async () => tidings.drain(),
    [Symbol.asyncDispose]: async () => tidings.close(),
  };
}
