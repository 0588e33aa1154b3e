import { expect, test } from "vitest";
import type { Start } from "../../src/index.ts";
import { CountingOutput } from "../support/counting-output.ts";
import { openHub, sized } from "../support/fixtures.ts";
import { FLUSH_MS, GRACE_MS, openPresence } from "../support/presence.ts";

const LATEST: Start = { at: "latest" };
const EARLIEST: Start = { at: "earliest" };

test("a subscription with presence is answered by ok, then by a snapshot; its end ends that too", async () => {
  const { hub, turns } = openHub();
  const { presence, time, connect } = openPresence();
  connect().attendance.join("c", "ada");
  const output = new CountingOutput();
  const connection = output.connect(hub, { presence });
  await connection.subscribe({ channel: "c", start: LATEST, presence: true });
  await turns.settle();
  expect(output.take()).toMatchObject([
    { type: "ok" },
    { type: "presence", count: 1, members: [{ member: "ada" }] },
    { type: "caught-up" },
  ]);
  connection.unsubscribe("c");
  expect(presence.listeners).toBe(0);
  connect().attendance.join("c", "bob");
  time.pass(FLUSH_MS);
  expect(output.take()).toEqual([]);
});

test("a connection that is blocked keeps nothing of presence, and goes on with a snapshot once it has room", async () => {
  const { hub, turns } = openHub();
  const { presence, time, connect } = openPresence();
  const output = new CountingOutput();
  const connection = output.connect(hub, { presence });
  await connection.subscribe({ channel: "c", start: LATEST, presence: true });
  await turns.settle();
  output.take();
  output.isBlocked = true;
  const { attendance } = connect();
  attendance.join("c", "ada");
  for (let n = 0; n < 100; n++) {
    attendance.update("c", `"${n} ${"x".repeat(900)}"`);
    time.pass(FLUSH_MS);
  }
  expect(output.writes).toEqual([]);
  output.isBlocked = false;
  connection.resume();
  await turns.settle();
  expect(output.take()).toMatchObject([{ type: "presence", count: 1, members: [{ member: "ada" }] }]);
});

test("presence that never rests does not keep a slow reader from its messages", async () => {
  const { hub, turns, log } = openHub();
  const { presence, time, connect } = openPresence();
  for (let n = 0; n < 60; n++) await log.append("c", [sized(20_000)]);
  /** Has room for one write at a time. */
  class Narrow extends CountingOutput {
    override write(bytes: Uint8Array): void {
      super.write(bytes);
      this.isBlocked = true;
    }
  }
  const output = new Narrow();
  const pageLimits = { maxMessages: 1, maxBytes: 65_536 };
  const connection = output.connect(hub, { presence, pageLimits });
  void connection.subscribe({ channel: "c", start: EARLIEST, presence: true });
  const { attendance } = connect();
  attendance.join("c", "ada");
  for (let n = 0; n < 200 && !output.text.includes("caught-up"); n++) {
    attendance.update("c", String(n));
    time.pass(FLUSH_MS);
    output.isBlocked = false;
    connection.resume();
    await turns.settle();
  }
  const types = output.take().map(({ type }) => type);
  expect(types.filter((type) => type === "message")).toHaveLength(60);
  expect(types.filter((type) => type === "presence").length).toBeGreaterThan(5);
});

test("a connection that ends leaves at once where it said so, and may come back where it did not", () => {
  const { hub } = openHub();
  const { presence, time } = openPresence();
  for (const [name, hasLeft] of [
    ["ada", true],
    ["bob", false],
  ] as const) {
    const connection = new CountingOutput().connect(hub, { presence });
    connection.attendance.join("c", name);
    connection.close({ hasLeft });
  }
  expect(presence.list("c").members).toMatchObject([expect.stringContaining("bob")]);
  time.pass(GRACE_MS + 100);
  expect([presence.members, presence.channels]).toEqual([0, 0]);
});
