import { describe, expect, test } from "vitest";
import { channelOf } from "../../shared/channels.ts";
import { byTurn } from "../../server/queue.ts";
import { HerePlatform } from "./support.ts";

interface Place {
  readonly position: number;
  readonly of: number;
}

/** On a machine that is busy with other things: dozens of processes are started, one after the other. */
const PATIENCE_MS = 90_000;

describe("the queue", { timeout: PATIENCE_MS }, () => {
  test("has the higher priority first, and of one priority the older one", () => {
    const waiting = [
      { priority: 0, seq: 1 },
      { priority: 5, seq: 4 },
      { priority: 0, seq: 2 },
      { priority: 5, seq: 3 },
      { priority: -1, seq: 0 },
    ];
    expect(waiting.toSorted(byTurn).map(({ seq }) => seq)).toEqual([3, 4, 1, 2, 0]);
  });

  test("one more than may wait is refused until one has begun, and one more than may be kept until one is deleted", async () => {
    await using platform = await HerePlatform.start({ parallel: 1, maxQueued: 1, maxEvaluations: 3 });
    const create = async () => platform.ask("POST", "/api/evaluations", { kind: "forever" });
    const runs = await platform.start("forever");
    const waits = await platform.start("forever");
    expect((await create()).body).toMatchObject({ code: "QUEUE_FULL", status: 503 });
    for (const id of [waits, runs]) await platform.ask("POST", `/api/evaluations/${id}/stop`);
    await Promise.all([runs, waits].map(async (id) => platform.ended(id)));
    const third = await platform.start("forever");
    expect((await create()).body).toMatchObject({ code: "TOO_MANY_EVALUATIONS", status: 507 });
    expect((await platform.ask("DELETE", `/api/evaluations/${waits}`)).status).toBe(204);
    const fourth = await platform.start("forever");
    for (const id of [fourth, third]) await platform.ask("POST", `/api/evaluations/${id}/stop`);
    await Promise.all([third, fourth].map(async (id) => platform.ended(id)));
  });

  test("20 of them, two at a time, begin by priority, and each is told every place it had", async () => {
    await using platform = await HerePlatform.start({ parallel: 2 });
    // These two hold the places until all the others wait.
    const first = [await platform.start("forever"), await platform.start("forever")];
    const ids = new Map<string, number>();
    for (let each = 0; each < 20; each++) {
      const priority = (each * 7) % 5;
      ids.set(await platform.start("quick", { priority }), priority);
    }
    await Promise.all(first.map(async (id) => platform.ask("POST", `/api/evaluations/${id}/stop`)));
    const ended = await Promise.all([...ids.keys()].map(async (id) => platform.ended(id)));
    expect(new Set(ended.map(({ state }) => state))).toEqual(new Set(["succeeded"]));

    const made = [...ids.keys()];
    const turns = made.toSorted(
      (a, b) => (ids.get(b) ?? 0) - (ids.get(a) ?? 0) || made.indexOf(a) - made.indexOf(b),
    );
    const begun: { id: string; at: string }[] = [];
    for (const id of made) {
      const messages = await platform.held(channelOf(id, "queue"));
      expect(messages.at(-1)?.event).toBe("left");
      const places = messages.slice(0, -1).map(({ data }) => data as Place);
      // As the others came, and as they began: nearer to its turn with each one that did, down to the next one.
      const turn = turns.indexOf(id);
      expect(places.at(-1)?.position).toBe(1);
      const onTheWay = places
        .slice(places.findLastIndex(({ of }) => of === 20))
        .map(({ position }) => position);
      expect(onTheWay).toEqual(Array.from({ length: turn + 1 }, (_, at) => turn + 1 - at));
      const starting = (await platform.held(channelOf(id, "status"))).find(
        ({ data }) => (data as { state?: string }).state === "starting",
      );
      begun.push({ id, at: (starting?.data as { at: string } | undefined)?.at ?? "" });
    }
    const order = begun.toSorted((a, b) =>
      a.at < b.at ? -1 : a.at > b.at ? 1 : turns.indexOf(a.id) - turns.indexOf(b.id),
    );
    expect(order.map(({ id }) => id)).toEqual(turns);
  });

  test("one that waits may be changed, moved ahead and stopped; one that was queued is so after a restart", async () => {
    await using platform = await HerePlatform.start({ parallel: 1 });
    const running = await platform.start("forever");
    const [a, b, c] = [
      await platform.start("echo"),
      await platform.start("echo"),
      await platform.start("quick"),
    ];
    const moved = await platform.ask("PATCH", `/api/evaluations/${b}`, {
      priority: 10,
      parameters: { steps: 1, word: "changed" },
      by: "Ada",
    });
    expect(moved.body).toMatchObject({ priority: 10, parameters: { steps: 1, word: "changed", waitMs: 0 } });
    await platform.until(
      channelOf(a, "queue"),
      (messages) => (messages.at(-1)?.data as Place | undefined)?.position === 2,
    );
    const stopped = await platform.ask("POST", `/api/evaluations/${c}/stop`, { by: "Ada" });
    expect([stopped.status, stopped.body.state]).toEqual([200, "stopped"]);
    await platform.restart();
    const status = await platform.until(channelOf(running, "status"), (messages) =>
      messages.some(({ event }) => event === "restored"),
    );
    expect(status.at(-1)?.data).toMatchObject({ found: true });
    const known = await platform.ask("GET", "/api/evaluations?state=queued");
    expect(
      known.body.evaluations.map(({ id, queue }: { id: string; queue: Place }) => [id, queue.position]),
    ).toEqual([
      [b, 1],
      [a, 2],
    ]);
    const late = await platform.ask("PATCH", `/api/evaluations/${running}`, { priority: 1 });
    expect([late.status, late.body.code]).toEqual([409, "NOT_QUEUED"]);
    await platform.ask("POST", `/api/evaluations/${running}/stop`);
    expect(await platform.ended(b)).toMatchObject({ state: "succeeded", result: { word: "changed" } });
    expect(await platform.ended(running)).toMatchObject({ state: "stopped" });
    await platform.ended(a);
  });
});
