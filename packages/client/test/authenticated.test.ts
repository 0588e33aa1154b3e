import { createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import { connect } from "../src/index.ts";
import type { Options, Tidings, TransportName } from "../src/types.ts";
import { installEventSource } from "./support/event-source.ts";
import { openServer, type TestServer } from "./support/server.ts";

const SECRET = "a secret of thirty-two bytes, yes";
const TRANSPORTS = ["sse", "ndjson", "ws", "long-poll", "poll", "event-source"] as const;

installEventSource();

describe.concurrent.each(TRANSPORTS)("a server that asks who it is, over %s", (transport) => {
  test("hands a client with a token what its grants name, and nothing else", async ({ expect }) => {
    await using server = await openAsking();
    using client = open(server, transport, { token: mint({ subscribe: ["a"] }) });
    expect(await take(client, "a", 1, async () => server.tidings.publish("a", 1))).toEqual([1]);
    const refused = client.channel("b").messages();
    await expect(refused.next()).rejects.toMatchObject({ code: "FORBIDDEN" });
    // The other channel goes on.
    expect(await take(client, "a", 2, async () => server.tidings.publish("a", 2))).toEqual([1, 2]);
  });

  test("closes a client whose token is not genuine, once another one was asked for", async ({ expect }) => {
    await using server = await openAsking();
    let asked = 0;
    using client = open(server, transport, {
      token: () => mint({ subscribe: ["a"] }, { secret: `another secret of thirty-two bytes ${asked++}` }),
    });
    await expect(client.channel("a").messages().next()).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    expect(asked).toBe(2);
  });

  test("loses nothing of a client whose token expires and is renewed", async ({ expect }) => {
    await using server = await openAsking();
    const renewals = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let asked = 0;
    using client = open(server, transport, {
      token: () => {
        renewals[asked++ - 1]?.resolve();
        // As short as whole seconds allow; the server's tolerance of clocks is none here.
        return mint({ subscribe: ["a"] }, { lifeSeconds: 2 });
      },
      tuning: { renewMs: 500, backoffMs: 10 },
    });
    let published = 0;
    const publishTen = async (): Promise<void> => {
      for (let i = 0; i < 10; i++) await server.tidings.publish("a", ++published);
    };
    const received = await take(client, "a", 30, async () => {
      await publishTen();
      for (const { promise } of renewals) {
        await promise;
        await publishTen();
      }
    });
    expect(received).toEqual(Array.from({ length: 30 }, (_, at) => at + 1));
  });
});

describe("a server that asks nobody", () => {
  test.each(TRANSPORTS)("takes a token and does nothing with it, over %s", async (transport) => {
    await using server = await openServer();
    using client = open(server, transport, { token: "opaque" });
    expect(await take(client, "a", 1, async () => server.tidings.publish("a", 1))).toEqual([1]);
  });
});

async function openAsking(): Promise<TestServer> {
  return openServer({ auth: { jwt: [{ algorithm: "HS256", secret: SECRET }], clockToleranceMs: 0 } });
}

function open(server: TestServer, transport: TransportName, options: Options): Tidings & Disposable {
  const client = connect(server.url, { transport, ...options });
  return Object.assign(client, { [Symbol.dispose]: () => client.close() });
}

/** What a channel brings while something is done: so many, and then no more is read. */
async function take(
  client: Tidings,
  channel: string,
  count: number,
  act: () => Promise<unknown>,
): Promise<unknown[]> {
  const received: unknown[] = [];
  const messages = client.channel(channel).messages({ since: "earliest" });
  const acting = act();
  for await (const message of messages) {
    received.push(message.data);
    if (received.length === count) break;
  }
  await acting;
  return received;
}

function mint(
  grants: Readonly<Record<string, readonly string[]>>,
  { secret = SECRET, lifeSeconds = 600 }: { readonly secret?: string; readonly lifeSeconds?: number } = {},
): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const exp = Math.floor(Date.now() / 1_000) + lifeSeconds;
  const signed = `${part({ alg: "HS256" })}.${part({ exp, sub: "ann", tidings: grants })}`;
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}
