// What the entries of one transport leave out, and who imports it puts in: the third argument of their `connect`.
import { describe, expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { connect as connectWhole } from "../src/index.ts";
import * as eventSource from "../src/event-source.ts";
import * as longPoll from "../src/long-poll.ts";
import * as ndjson from "../src/ndjson.ts";
import * as poll from "../src/poll.ts";
import * as sse from "../src/sse.ts";
import * as ws from "../src/ws.ts";
import type { ClientParts, Options, PinnedOptions, Tidings } from "../src/types.ts";
import { openServer } from "./support/server.ts";

const { cursors, page, presence, renewal, schemas } = sse;

/** Opens nothing: nothing is read. */
const NOWHERE = "http://127.0.0.1:1";

const schema = z.object({ n: z.number() });

function store() {
  const kept = new Map<string, string>();
  return {
    kept,
    getItem: (key: string) => kept.get(key),
    setItem: (key: string, to: string) => kept.set(key, to),
  };
}

/** A client of `./sse` at a server of its own, both closed with the test. */
async function open(
  parts: ClientParts,
  options: PinnedOptions = {},
): Promise<{ readonly tidings: Tidings; readonly server: Awaited<ReturnType<typeof openServer>> }> {
  const server = await openServer();
  const tidings = sse.connect(server.url, options, parts);
  onTestFinished(async () => {
    tidings.close();
    await server[Symbol.asyncDispose]();
  });
  return { tidings, server };
}

describe("a part that is used and was not put in is a TypeError that names it", () => {
  test.each([
    ["cursors", () => sse.connect(NOWHERE, { cursors: store() }, { presence, schemas, page, renewal })],
    ["presence", () => sse.connect(NOWHERE, {}, { cursors, schemas, page, renewal }).channel("a").presence],
    ["schemas", () => sse.connect(NOWHERE, {}, { cursors, presence, page }).channel("a", { schema })],
  ])("%s", (name, use) => {
    expect(use).toThrow(TypeError);
    expect(use).toThrow(`"${name}"`);
  });
});

describe("a client of one transport without parts", () => {
  test.each(Object.entries({ sse, ndjson, ws, longPoll, poll }))(
    "delivers, publishes and calls commands (%s)",
    async (_name, { connect }) => {
      await using server = await openServer();
      server.tidings.command("double", { handler: (input) => Number(input) * 2 });
      const tidings = connect(server.url, { tuning: { pollMs: 20 } });
      try {
        await tidings.channel("a").publish("x", 1);
        expect(await tidings.channel("a").messages({ since: "earliest" }).next()).toMatchObject({
          value: { event: "x", data: 1 },
        });
        expect(await tidings.command("double", 21)).toBe(42);
      } finally {
        tidings.close();
      }
    },
  );

  test("exports the same parts from each entry", () => {
    for (const entry of [eventSource, longPoll, ndjson, poll, ws])
      expect({ ...entry, connect: sse.connect }).toEqual({ ...sse });
  });
});

describe("a part that was put in does what it is for", () => {
  test("presence", async () => {
    const { tidings, server } = await open({ presence });
    const room = tidings.channel("rooms/1").presence;
    expect(await room.join({ member: "ada" })).toBe("ada");
    const there = await fetch(`${server.url}/presence/rooms/1`);
    expect(await there.json()).toMatchObject({ count: 1, members: [{ member: "ada" }] });
  });

  test("cursors", async () => {
    const own = store();
    const { tidings, server } = await open({ cursors }, { cursors: own });
    for (const n of [1, 2, 3]) await server.tidings.publish("a", n);
    for await (const { data } of tidings.channel("a").messages({ since: "earliest" })) if (data === 2) break;
    // The item at which a loop is left is not handled.
    for await (const { data } of tidings.channel("a").messages()) {
      expect(data).toBe(2);
      break;
    }
    expect([...own.kept.keys()]).toEqual([`tidings:${server.url}:a`]);
  });

  test("schemas", async () => {
    const { tidings } = await open({ schemas });
    const channel = tidings.channel("a", { schema });
    await expect(channel.publish("x", JSON.parse('{"n":"1"}') as { n: number })).rejects.toMatchObject({
      code: "PAYLOAD_INVALID",
    });
    await channel.publish("x", { n: 1 });
    const { value } = await channel.messages({ since: "earliest" }).next();
    expect(value).toMatchObject({ data: { n: 1 } });
  });

  test("renewal", async () => {
    const jwt = (id: number): string =>
      ["", JSON.stringify({ id, exp: Date.now() / 1_000 + 2.5 }), ""].map((part) => btoa(part)).join(".");
    let asked = 0;
    const told = Promise.withResolvers<unknown>();
    const options: PinnedOptions = {
      token: () => jwt(++asked),
      async fetch(input, init) {
        const response = await fetch(input, init);
        if (init?.method === "PATCH") told.resolve(await new Response(init.body as BodyInit).json());
        return response;
      },
    };
    const { tidings } = await open({ renewal }, options);
    tidings.channel("a").on("*", () => undefined);
    // Ahead of its end, while nothing else is asked of the server.
    expect(await told.promise).toMatchObject({ token: expect.any(String) as string });
    expect(asked).toBe(2);
  });

  test("page: nothing where there is none, and reading goes on", async () => {
    const { tidings, server } = await open({ page });
    await server.tidings.publish("a", 1);
    expect(await tidings.channel("a").messages({ since: "earliest" }).next()).toMatchObject({
      value: { data: 1 },
    });
  });
});

test("the whole has all of them", () => {
  const options: Options = { cursors: store() };
  const channel = connectWhole(NOWHERE, options).channel("a", { schema });
  expect(channel.presence.members.size).toBe(0);
});
