import { describe, expect, test } from "vitest";
import { connect } from "../src/index.ts";
import type { Channel, Tidings, TransportName } from "../src/types.ts";
import { installEventSource } from "./support/event-source.ts";
import { openServer } from "./support/server.ts";

/** Channels that a connection may have, by default. */
const MOST = 1_000;

/** What became of each channel: that it caught up, or the code of its error. */
type Fates = ReadonlyMap<Channel, string>;

const nameOf = (index: number): string => `many/${String(index).padStart(4, "0")}`;

/** Reads these channels, and resolves once each has been told of. */
async function read(client: Tidings, from: number, to: number): Promise<Fates> {
  const fates = new Map<Channel, string>();
  await new Promise<void>((resolve) => {
    const told = (channel: Channel, fate: string): void => {
      fates.set(channel, fate);
      if (fates.size === to - from) resolve();
    };
    for (let index = from; index < to; index++) {
      const channel = client.channel(nameOf(index));
      channel.on("caught-up", () => told(channel, "caught-up"));
      channel.on("error", ({ code }) => told(channel, code));
    }
  });
  return fates;
}

const namesBy = (fates: Fates, fate: string): readonly string[] =>
  [...fates].flatMap(([{ name }, each]) => (each === fate ? [name] : [])).toSorted();

const namesOf = (from: number, to: number): readonly string[] =>
  Array.from({ length: to - from }, (_, at) => nameOf(from + at));

const TRANSPORTS: readonly TransportName[] = ["sse", "ndjson", "ws", "long-poll", "poll"];

describe.each(TRANSPORTS)("more channels than a connection may have, over %s", (transport) => {
  test("of 1,200 it reads 1,000, and the others have an error each", async () => {
    await using server = await openServer();
    const client = connect(server.url, { transport, tuning: { pollMs: 50 } });
    const fates = await read(client, 0, 1_200);
    expect(namesBy(fates, "caught-up")).toEqual(namesOf(0, MOST));
    expect(namesBy(fates, "TOO_MANY_CHANNELS")).toEqual(namesOf(MOST, 1_200));
    expect(client.state.name).toBe("live");
    const last = [...fates.keys()].find(({ name }) => name === nameOf(MOST - 1));
    const next = new Promise((resolve) => last?.on("*", resolve));
    await server.tidings.publish(nameOf(MOST - 1), "it is read");
    expect(await next).toBe("it is read");
    client.close();
  });

  test("those that come later too; and where one goes, another one is read", async () => {
    await using server = await openServer();
    const client = connect(server.url, { transport, tuning: { pollMs: 50 } });
    const first = await read(client, 0, 900);
    expect(namesBy(first, "caught-up")).toEqual(namesOf(0, 900));
    const later = await read(client, 900, 1_200);
    expect(namesBy(later, "caught-up")).toEqual(namesOf(900, MOST));
    expect(namesBy(later, "TOO_MANY_CHANNELS")).toEqual(namesOf(MOST, 1_200));
    for (const channel of first.keys()) if (channel.name === nameOf(0)) channel.close();
    expect([...(await read(client, 1_100, 1_101)).values()]).toEqual(["caught-up"]);
    expect(client.state.name).toBe("live");
    client.close();
  });
});

test("over event-source, which carries fewer, those that do not fit have an error each", async () => {
  installEventSource();
  await using server = await openServer();
  const client = connect(server.url, { transport: "event-source" });
  const fates = await read(client, 0, 1_200);
  const fitting = namesBy(fates, "caught-up").length;
  expect(fitting).toBeGreaterThan(200);
  expect(namesBy(fates, "caught-up")).toEqual(namesOf(0, fitting));
  expect(namesBy(fates, "POSITION_TOO_LARGE")).toEqual(namesOf(fitting, 1_200));
  expect(client.state.name).toBe("live");
  client.close();
});
