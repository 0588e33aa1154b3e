import { faultProxy } from "@tidings/testing";
import { describe, expect, test } from "vitest";
import { connect } from "../src/index.ts";
import type { TransportName } from "../src/types.ts";
import { installEventSource } from "./support/event-source.ts";
import { openServer } from "./support/server.ts";

/** As a server answers that does not hold the connection: behind a balancer, another one may. */
const UNKNOWN = {
  kind: "answer",
  status: 404,
  headers: { "content-type": "application/problem+json" },
  body: JSON.stringify({
    code: "CONNECTION_UNKNOWN",
    detail: "no such connection on this node.",
    status: 404,
  }),
} as const;

const TRANSPORTS: readonly (TransportName | "auto")[] = ["sse", "ndjson", "auto"];

describe.each(TRANSPORTS)("a change of what is read that reaches another server, over %s", (transport) => {
  test("opens a new connection at once, which reads all of it: there is no pause, however often", async () => {
    await using server = await openServer();
    await using proxy = await faultProxy(server.url);
    const client = connect(proxy.url, { transport });
    const states: string[] = [];
    client.on("state", ({ name }) => states.push(name));
    const got: string[] = [];
    proxy.inject(UNKNOWN, { only: ({ method }) => method === "PATCH" });
    for (const name of ["a", "b", "c", "d"]) {
      const came = Promise.withResolvers<void>();
      client.channel(name, { since: "earliest" }).on("message", () => {
        got.push(name);
        came.resolve();
      });
      await server.tidings.publish(name, name);
      await came.promise;
    }
    expect(got).toEqual(["a", "b", "c", "d"]);
    expect(states).not.toContain("waiting");
    expect(proxy.counts["POST /connect"]).toBe(4);
    client.close();
  });
});

test("over event-source, whose channels are all asked for so, it is tried again until it reaches the server that holds it", async () => {
  installEventSource();
  await using server = await openServer();
  await using proxy = await faultProxy(server.url);
  const client = connect(proxy.url, { transport: "event-source", tuning: { backoffMs: 10 } });
  proxy.inject(UNKNOWN, { only: ({ method }) => method === "PATCH", times: 3 });
  await server.tidings.publish("a", "it is read");
  const came = new Promise((resolve) => client.channel("a", { since: "earliest" }).on("message", resolve));
  expect(await came).toBe("it is read");
  client.close();
});
