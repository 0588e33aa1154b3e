import { ndjsonDriver, publishBatch, send, until, untilCaughtUp } from "@tidings/testing";
import { expect, test } from "vitest";
import { openServer } from "../support/logs.ts";

const KEYED = { policies: [{ pattern: "k/**", compact: true }] };
const VALUES = [
  { key: "x", data: 1 },
  { key: "y", data: 1 },
  { key: "x", data: 2 },
];

test("a subscription of the library to a keyed channel begins with its state; latest has to be asked for", async () => {
  await using server = await openServer(KEYED);
  await publishBatch(server.url, "k/1", VALUES);
  const state = server.tidings.subscribe("k/1");
  const latest = server.tidings.subscribe("k/1", { since: "latest" });
  expect((await state.next()).value).toMatchObject({ key: "y", data: 1 });
  expect((await state.next()).value).toMatchObject({ key: "x", data: 2 });
  await server.tidings.publish("k/1", 3, { key: "z" });
  expect((await latest.next()).value).toMatchObject({ key: "z", data: 3 });
  await state.return();
  await latest.return();
});

test("PATCH adds a keyed channel with its state, and another one with what comes next", async () => {
  await using server = await openServer(KEYED);
  await publishBatch(server.url, "k/1", VALUES);
  await publishBatch(server.url, "plain", VALUES);
  await using stream = await ndjsonDriver({ isMulti: true }).open(server.url, { channels: ["a"] });
  await untilCaughtUp(stream);
  const body = JSON.stringify({ subscribe: [{ channel: "plain" }, { channel: "k/1" }] });
  const answer = await send(`${server.url}/connections/${stream.connection}`, { method: "PATCH", body });
  expect(answer.status).toBe(200);
  const told: string[] = [];
  let caughtUp = 0;
  await until(stream, (event) => {
    if (event.type === "message") told.push(`${event.channel} ${event.key}=${event.data}`);
    if (event.type === "caught-up") caughtUp++;
    return caughtUp === 2;
  });
  expect(told).toEqual(["k/1 y=1", "k/1 x=2"]);
});

test("a full channel is 507 CHANNEL_FULL, with what to do", async () => {
  await using server = await openServer({
    policies: [{ pattern: "k/**", compact: true, retention: { maxMessages: 2 } }],
  });
  await publishBatch(server.url, "k/1", VALUES);
  const refused = await send(`${server.url}/channels/k/1?key=z`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "1",
  });
  expect(refused).toMatchObject({ status: 507 });
  expect(refused.json()).toMatchObject({ code: "CHANNEL_FULL" });
  expect(refused.text).toContain("delete keys, or raise the retention");
});
