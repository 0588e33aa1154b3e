import { describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { connect } from "../src/index.ts";
import type { State, Tidings } from "../src/types.ts";
import { openServer } from "./support/server.ts";

/** Resolves once the client is live. */
const live = (client: Tidings): Promise<void> =>
  new Promise((resolve) => {
    const look = ({ name }: State): void => void (name === "live" && resolve());
    client.on("state", look);
    look(client.state);
  });

describe("a client that is closed", () => {
  test("publishes nothing and calls nothing", async () => {
    await using server = await openServer();
    const client = connect(server.url);
    client.close();
    await expect(client.channel("a").publish("x", 1)).rejects.toMatchObject({ code: "CLOSED" });
    await expect(client.command("x")).rejects.toMatchObject({ code: "CLOSED" });
    const page = (await (await fetch(`${server.url}/channels/a?since=earliest`)).json()) as {
      messages: unknown;
    };
    expect(page.messages).toEqual([]);
  });

  test("has readers that are over: those there were, and those that begin afterwards", async () => {
    await using server = await openServer();
    await server.tidings.publish("a", 1);
    const client = connect(server.url);
    const { value: first } = await client.channel("a").messages({ since: "earliest" }).next();
    expect(first).toMatchObject({ data: 1 });
    const waiting = client.channel("a").messages();
    const next = waiting.next();
    client.close();
    expect(await next).toMatchObject({ done: true });
    expect(await client.channel("a").messages({ since: "earliest" }).next()).toMatchObject({ done: true });
  });
});

test("an event that is published under a name of the client's own is told to * alone", async () => {
  await using server = await openServer();
  const client = connect(server.url);
  const channel = client.channel("a");
  const told: unknown[] = [];
  const all = new Promise<void>((resolve) => {
    channel.on("*", (data) => {
      told.push(["*", data]);
      if (data === "last") resolve();
    });
  });
  channel.on("error", (error) => told.push(["error", error]));
  channel.on("gap", (gap) => told.push(["gap", gap]));
  await live(client);
  for (const event of ["error", "gap", "*"]) await server.tidings.publish("a", event, { event });
  await server.tidings.publish("a", "last");
  await all;
  client.close();
  expect(told).toEqual(["error", "gap", "*", "last"].map((data) => ["*", data]));
});

test("a long poll that is held for less than the pause after it is not taken for silent", async () => {
  await using server = await openServer();
  let requests = 0;
  let enough: () => void = () => undefined;
  const asked = new Promise<void>((resolve) => (enough = resolve));
  const client = connect(server.url, {
    transport: "long-poll",
    tuning: { waitMs: 100, pollMs: 800 },
    fetch: (...args) => {
      if (++requests === 5) enough();
      return fetch(...args);
    },
  });
  const states: string[] = [];
  client.on("state", ({ name }) => states.push(name));
  client.channel("a").on("*", () => undefined);
  await asked;
  client.close();
  expect(states).toEqual(["connecting", "live", "closed"]);
});

test("a member over polls is not spoken of once its client is closed", async () => {
  await using server = await openServer();
  const client = connect(server.url, { transport: "poll" });
  const faults: string[] = [];
  client.on("error", ({ code }) => faults.push(code));
  await client.channel("a").presence.join({ member: "ada" });
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  try {
    await client.channel("a").presence.update("here"); // its next word is due by the clock of the test
    client.close();
    await vi.advanceTimersByTimeAsync(20_001);
    expect(faults).toEqual([]);
  } finally {
    vi.useRealTimers();
  }
});

test("what a message says beside an artifact is checked by the schema, and handed over with it", async () => {
  await using server = await openServer();
  const { id, url } = await server.tidings.store(new Uint8Array(10), { contentType: "image/png" });
  for (const data of [{ name: "loss.png" }, { title: "not what the schema says" }, undefined])
    await server.tidings.publish("a", data, { event: "artifact", artifact: id });
  const client = connect(server.url);
  const channel = client.channel("a", {
    since: "earliest",
    schema: { artifact: z.object({ name: z.string() }) },
  });
  const told: unknown[] = [];
  await new Promise((resolve) => {
    channel.on("artifact", (data, { artifact }) => told.push([data, artifact?.url]));
    channel.on("error", ({ code }) => told.push(code));
    channel.on("caught-up", resolve);
  });
  client.close();
  expect(told).toEqual([
    [{ name: "loss.png" }, server.url + url],
    "PAYLOAD_INVALID",
    [undefined, server.url + url],
  ]);
});

test("a key that is deleted is told to listeners of that, and to none of its event", async () => {
  await using server = await openServer({ policies: [{ pattern: "state", compact: true }] });
  const client = connect(server.url);
  const channel = client.channel<{ run: { id: string } }>("state");
  const told: unknown[] = [];
  const over = new Promise<void>((resolve) => {
    channel.on("run", ({ id }, { key }) => {
      told.push(["run", id, key]);
      if (id === "last") resolve();
    });
    channel.on("deleted", (key, message) => told.push(["deleted", key, message.event, message.data]));
    channel.on("*", (_, message) => told.push(["*", message.deleted === true]));
  });
  await live(client);
  await channel.publish("run", { id: "one" }, { key: "k" });
  await channel.delete("k", { event: "run" });
  // One that is published under the name is no deletion.
  await server.tidings.publish("state", { id: "none" }, { event: "deleted", key: "l" });
  await channel.publish("run", { id: "last" }, { key: "m" });
  await over;
  client.close();
  expect(told).toEqual([
    ["run", "one", "k"],
    ["*", false],
    ["deleted", "k", "run", undefined],
    ["*", true],
    ["*", false],
    ["run", "last", "m"],
    ["*", false],
  ]);
});
