import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FaultKind } from "../../../src/cli/lab/bounds.ts";
import type { LabResults, Outage, TransportFigures } from "../../../src/cli/lab/shapes.ts";
import { READER_TRANSPORTS } from "../../../src/cli/lab/transports.ts";
import { LabUnderTest } from "./support/lab.ts";

const READERS = 2;
const RATE = 50;
const SIZE = 200;
const NAMES = READER_TRANSPORTS.map(({ name }) => name);

let lab: LabUnderTest;
beforeAll(async () => {
  lab = await LabUnderTest.start();
  const { results } = await lab.command("lab.start", { rate: RATE, size: SIZE, readers: READERS });
  expect(results.run?.phase).toBe("opening");
  await lab.until(({ run }) => run?.phase === "running");
});
afterAll(() => lab[Symbol.asyncDispose]());

test("a page of another site can neither throw a switch nor read from a path", async () => {
  const headers = { origin: "http://evil.example", "content-type": "application/json" };
  const body = JSON.stringify({ kind: "kill", on: true });
  const thrown = await fetch(`${lab.url}/commands/lab.fault`, { method: "POST", headers, body });
  const { urls, results } = await lab.command("lab.state");
  const read = await fetch(`${urls["sse"]}/channels/${results.run?.channel}`, { headers });
  expect([thrown.status, read.status]).toEqual([403, 403]);
  expect(results.target.state).toBe("up");
});

/** One run, through all switches: each test goes on where the one before has left the readers. */
describe("the lab's switches", () => {
  test("without one, every transport delivers, and its wire carries more than the payload", async () => {
    const results = await lab.until((each) => figuresOf(each).every(({ total }) => total.count > 3 * RATE));
    for (const { name, figures } of named(results)) {
      expect(figures.states, name).toEqual({ live: READERS });
      expect(figures.total.p50Ms, name).toBeLessThanOrEqual(figures.total.p99Ms ?? 0);
      expect(figures.payloadBytes, name).toBe(figures.received * SIZE);
      expect(figures.overheadPercent, name).toBeGreaterThan(0);
      expect(figures.connections.open, name).toBeGreaterThan(0);
    }
    // Opening the readers is not of the measurement.
    expect(results.transports.sse).toMatchObject({ requests: 0, connections: { open: READERS, opened: 0 } });
    // A client that polls asks on the connection that it was answered on.
    const polls = results.transports["long-poll"];
    expect(polls?.connections).toEqual({ open: READERS, opened: 0 });
    expect(polls?.requests).toBeGreaterThan(READERS);
    expect(results.transports.auto?.on).toEqual({ ws: READERS });
    const { connections, rssBytes } = results.target;
    expect(connections?.["sse"]).toBe(READERS);
    expect(rssBytes).toBeGreaterThan(0);
  });

  test("block-websocket: auto goes on over another transport while ws waits, and comes back once it is lifted", async () => {
    await lab.command("lab.fault", { kind: "block-websocket", on: true });
    const blocked = await lab.until(({ transports: { auto, ws } }) => {
      return ws?.states.live === undefined && isBack(auto?.outages.at(-1), "block-websocket");
    });
    expect(blocked.faults).toMatchObject([{ kind: "block-websocket" }]);
    expect(blocked.transports.auto?.on).not.toHaveProperty("ws");
    expect(blocked.transports.ws?.outages.at(-1)?.fromOn).toEqual({ back: 0, p50Ms: null, maxMs: null });
    const { results } = await lab.command("lab.fault", { kind: "block-websocket", on: false });
    expect(results.faults).toEqual([]);
    const { transports } = await lab.until((each) => each.transports.auto?.on.ws === READERS);
    const went = transports.auto?.history.filter(({ state }) => state === "live");
    expect(new Set(went?.map(({ transport }) => transport)).size).toBeGreaterThan(1);
    expect(went?.at(-1)?.transport).toBe("ws");
  });

  test("buffer: what a stream is sent stays in the box, while short polls go on, and comes when it is lifted", async () => {
    await lab.command("lab.fault", { kind: "buffer", on: true, transports: ["ndjson", "poll"] });
    const { transports } = await lab.until((each) => isBack(each.transports.poll?.outages.at(-1), "buffer"));
    expect(transports.ndjson?.outages.at(-1)).toMatchObject({ kind: "buffer", fromOn: { back: 0 } });
    expect(transports.sse?.outages.at(-1)?.kind).toBe("block-websocket");
    await lab.command("lab.fault", { kind: "buffer", on: false });
    await lab.until((each) => each.transports.ndjson?.outages.at(-1)?.fromOff?.back === READERS);
  });

  test("cut: nobody is connected, nor can be; all of it comes after", async () => {
    await lab.command("lab.fault", { kind: "cut", on: true });
    const { transports } = await lab.until((each) =>
      figuresOf(each).every(({ connections }) => connections.open === 0),
    );
    for (const name of NAMES) expect(transports[name]?.outages.at(-1)?.fromOn.back, name).toBe(0);
    await lab.command("lab.fault", { kind: "cut", on: false });
    await lab.until((each) => each.transports.sse?.outages.at(-1)?.fromOff?.back !== 0);
  });

  test("kill: the server is ended by SIGKILL, and started again on its log", async () => {
    const [before] = await lab.pids();
    const killed = await lab.command("lab.fault", { kind: "kill", on: true });
    expect(killed.results.target).toEqual({ state: "killed", restarts: 0 });
    const { results } = await lab.command("lab.fault", { kind: "kill", on: false });
    expect(results.target).toMatchObject({ state: "up", restarts: 1 });
    expect(results.target.pid).not.toBe(before);
  });

  test("after all of them nobody has lost a message, nor got one twice, nor been told a gap", async () => {
    const { results } = await lab.command("lab.stop");
    expect(results.run).toMatchObject({ phase: "done", reason: "lab.stop was called." });
    expect(results.run?.acknowledged).toBe(results.run?.published);
    for (const { name, figures } of named(results)) {
      const { lost, repeated, gaps, behind } = figures;
      expect({ lost, repeated, gaps, behind }, name).toEqual({ lost: 0, repeated: 0, gaps: 0, behind: 0 });
      expect(figures.outages.at(-1), name).toMatchObject({ kind: "kill" });
    }
    expect(results.notes).toEqual([]);
  });
});

/** Whether all readers have what was published after the fault. */
function isBack(outage: Outage | undefined, kind: FaultKind): boolean {
  return outage?.kind === kind && outage.fromOn.back === READERS;
}

function figuresOf({ transports }: LabResults): readonly TransportFigures[] {
  const all = Object.values(transports);
  return all.length === NAMES.length ? all : [];
}

function named({ transports }: LabResults): readonly { name: string; figures: TransportFigures }[] {
  expect(Object.keys(transports).toSorted()).toEqual(NAMES.toSorted());
  return Object.entries(transports).map(([name, figures]) => ({ name, figures }));
}
