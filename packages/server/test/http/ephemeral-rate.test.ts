import { DEFAULT_LIMITS } from "@tidings/protocol";
import { publish, publishBatch, send } from "@tidings/testing";
import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { OPEN_ACCESS } from "../../src/auth/index.ts";
import { Senders } from "../../src/http/senders.ts";
import { openServer } from "../support/logs.ts";

/** A rate at which nothing comes back during a test. */
const SLOWLY = { maxEphemeralPerSecond: 1 };

interface Answer {
  readonly type: string;
  readonly id?: string;
  readonly code?: string;
  readonly message?: string;
  readonly key?: string;
  readonly connection?: string;
}

/** A client that sends frames, and hears what comes. */
class Client implements AsyncDisposable {
  readonly heard: Answer[] = [];
  readonly #socket: WebSocket;
  readonly #waiting = new Set<() => void>();

  constructor(url: string) {
    this.#socket = new WebSocket(`${url.replace("http", "ws")}/connect`, ["tidings.v1"]);
    this.#socket.on("message", (data: Buffer) => {
      this.heard.push(JSON.parse(data.toString()) as Answer);
      for (const check of this.#waiting) check();
    });
  }

  static async open(url: string): Promise<Client> {
    const client = new Client(url);
    await once(client.#socket, "open");
    return client;
  }

  async send(frame: { readonly id: string } & Readonly<Record<string, unknown>>): Promise<Answer> {
    this.#socket.send(JSON.stringify(frame));
    return this.until((answer) => answer.id === frame.id);
  }

  until(fits: (answer: Answer) => boolean): Promise<Answer> {
    return new Promise((resolve) => {
      const check = (): void => {
        const found = this.heard.find(fits);
        if (found === undefined) return;
        this.#waiting.delete(check);
        resolve(found);
      };
      this.#waiting.add(check);
      check();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.terminate();
  }
}

const typing = (id: string, more: Readonly<Record<string, unknown>> = {}) => ({
  type: "publish",
  id,
  channel: "a",
  data: 1,
  ephemeral: true,
  ...more,
});

describe("the rate of ephemeral messages", () => {
  test("a WebSocket has twice a second's at once; what is over is RATE_LIMITED, and the connection goes on", async () => {
    await using server = await openServer({ limits: SLOWLY });
    await using client = await Client.open(server.url);
    await using other = await Client.open(server.url);
    const answers = [await client.send(typing("1")), await client.send(typing("2"))];
    expect(answers).toMatchObject([{ type: "ok" }, { type: "ok" }]);
    const refused = await client.send(typing("3"));
    expect(refused).toMatchObject({ type: "error", code: "RATE_LIMITED", retryable: true });
    expect(refused.message).toContain("the limit is 1 a second, and 2 at once");
    // Neither those that are kept count, nor those of others.
    expect(await client.send(typing("4", { ephemeral: false }))).toMatchObject({ type: "ok" });
    expect(await other.send(typing("1"))).toMatchObject({ type: "ok" });
  });

  test("over HTTP an address has it, a batch counts its messages, and the library has no limit", async () => {
    await using server = await openServer({ limits: { maxEphemeralPerSecond: 2 } });
    const { url, tidings } = server;
    const batch = await send(`${url}/channels/a?ephemeral`, {
      method: "POST",
      headers: { "content-type": "application/x-ndjson" },
      body: '{"data":1}\n{"data":2}\n{"data":3}\n{"data":4}',
    });
    expect(batch.status).toBe(202);
    const refused = await publish(url, "a", "1", { ephemeral: true });
    expect(refused).toMatchObject({ status: 429, code: "RATE_LIMITED" });
    expect((await publishBatch(url, "a", [{ data: 1 }])).status).toBe(201);
    for (let each = 0; each < 100; each++)
      expect(await tidings.publish("a", 1, { ephemeral: true })).toEqual({});
  });

  test("as many addresses are remembered as 10,000, that which was heard of longest ago is forgotten", () => {
    const senders = new Senders(DEFAULT_LIMITS, () => 0);
    const of = (address: string) => senders.of(OPEN_ACCESS, () => address);
    const first = of("first");
    for (let each = 0; each < 9_999; each++) of(`10.0.0.${each}`);
    expect(of("first")).toBe(first);
    for (let each = 0; each < 20_000; each++) of(`10.1.0.${each}`);
    expect(senders.size).toBe(10_000);
    expect(of("first")).not.toBe(first);
  });
});

describe("who an ephemeral message is from", () => {
  test("where a channel conflates and no key is given, a name of the connection that is not its id", async () => {
    await using server = await openServer({ policies: [{ pattern: "p/**", conflate: true }] });
    await using reader = await Client.open(server.url);
    await reader.send({ type: "subscribe", id: "s", channel: "p/1" });
    await reader.send({ type: "subscribe", id: "t", channel: "q/1" });
    await using ada = await Client.open(server.url);
    await using bob = await Client.open(server.url);
    await ada.send(typing("1", { channel: "p/1", data: "ada" }));
    await ada.send(typing("2", { channel: "p/1", data: "ada again" }));
    await bob.send(typing("3", { channel: "p/1", data: "bob" }));
    await bob.send(typing("4", { channel: "p/1", data: "own", key: "mine" }));
    await bob.send(typing("5", { channel: "q/1", data: "plain" }));
    const keyOf = async (data: string) =>
      (await reader.until((answer) => (answer as { data?: unknown }).data === data)).key;
    const key = await keyOf("ada");
    expect(key).toMatch(/^[A-Za-z0-9_-]{16}$/);
    expect(await keyOf("ada again")).toBe(key);
    expect(await keyOf("bob")).not.toBe(key);
    expect(await keyOf("own")).toBe("mine");
    expect(await keyOf("plain")).toBeUndefined();
    expect((await ada.until(({ type }) => type === "welcome")).connection).not.toBe(key);
  });
});
