import fc from "fast-check";
import { expect, test } from "vitest";
import { Copy } from "../../src/nodes/copy.ts";
import { type Frame, MAX_FRAME_CHARS, readFrame } from "../../src/nodes/frames.ts";
import { Speaker, WHOLE_MS } from "../../src/nodes/speaker.ts";

/** A clock and its timers, which a test lets run. */
class Timers {
  nowMs = 0;
  readonly #timers = new Set<{ readonly atMs: number; readonly run: () => void }>();

  readonly schedule = (ms: number, run: () => void): (() => void) => {
    const timer = { atMs: this.nowMs + ms, run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  };

  /** Lets time pass, and all that is said in it be said. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.nowMs + ms;
    for (;;) {
      // What is being said takes some turns.
      for (let turn = 0; turn < 20; turn++) await Promise.resolve();
      const [due] = [...this.#timers].filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs);
      if (due === undefined) break;
      this.#timers.delete(due);
      this.nowMs = Math.max(this.nowMs, due.atMs);
      due.run();
    }
    this.nowMs = untilMs;
  }
}

/** A node that speaks, and another one that has a copy of what it says, over a way that loses frames, or fails. */
class Pair {
  readonly timers = new Timers();
  readonly table = new Map<string, string>();
  readonly copied = new Map<string, unknown>();
  readonly heard: Frame[] = [];
  readonly longest = { chars: 0 };
  way: "through" | "lost" | "fails" | "fails-late" = "through";
  readonly #copy = new Copy((topic, key, value) => {
    if (value === undefined) this.copied.delete(`${topic} ${key}`);
    else this.copied.set(`${topic} ${key}`, value);
  });
  readonly speaker = new Speaker({
    node: "a",
    send: async (json) => {
      this.longest.chars = Math.max(this.longest.chars, json.length);
      if (this.way === "fails") throw new Error("away");
      if (this.way !== "lost") this.#hear(readFrame(JSON.parse(json)));
      if (this.way === "fails-late") throw new Error("no answer");
    },
    elapsedMs: () => this.timers.nowMs,
    schedule: this.timers.schedule,
  });

  set(topic: string, key: string, value: string | undefined): void {
    const json = value === undefined ? undefined : JSON.stringify(value);
    this.speaker.set(topic, key, json);
    if (value === undefined) this.table.delete(`${topic} ${key}`);
    else this.table.set(`${topic} ${key}`, value);
  }

  beat(): void {
    const about = { name: "a", version: "1", startedAtMs: 0 };
    this.speaker.say("beat", (at) =>
      JSON.stringify({ type: "beat", node: "a", about, at, everyMs: 2_000 } satisfies Frame),
    );
  }

  #hear(frame: Frame | undefined): void {
    if (frame === undefined) throw new Error("this is no frame");
    this.heard.push(frame);
    if (frame.type === "tell") this.#copy.take(frame);
    if (frame.type === "beat") this.#copy.stands(frame.at);
    if (!this.#copy.isWhole && !this.#copy.isTaking) this.speaker.tellWhole();
  }
}

const key = fc.constantFrom("a", "b", "c", "d");
const step = fc.oneof(
  fc.record({
    type: fc.constant("set" as const),
    topic: fc.constantFrom("one", "two"),
    key,
    value: fc.option(fc.string({ maxLength: 5 }), { nil: undefined }),
  }),
  fc.record({
    type: fc.constant("way" as const),
    way: fc.constantFrom("through" as const, "lost" as const, "fails" as const, "fails-late" as const),
  }),
  fc.record({ type: fc.constant("pass" as const), ms: fc.constantFrom(1, 20, 500, WHOLE_MS) }),
  fc.record({ type: fc.constant("beat" as const) }),
  // More than a frame holds: the whole is told in parts, while it changes.
  fc.record({ type: fc.constant("large" as const), key }),
);

test("whatever is lost, or fails, or changes meanwhile: a beat after it, the copy is the table again", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40, size: "max" }), async (steps) => {
      const pair = new Pair();
      for (const each of steps) {
        if (each.type === "set") pair.set(each.topic, each.key, each.value);
        else if (each.type === "way") pair.way = each.way;
        else if (each.type === "pass") await pair.timers.pass(each.ms);
        else if (each.type === "beat") pair.beat();
        else pair.set("large", each.key, "x".repeat(MAX_FRAME_CHARS - 1_000));
      }
      pair.way = "through";
      await pair.timers.pass(WHOLE_MS);
      pair.beat();
      await pair.timers.pass(2 * WHOLE_MS);
      expect(pair.copied).toEqual(pair.table);
      expect(pair.longest.chars).toBeLessThan(2 * MAX_FRAME_CHARS + 1_000);
    }),
    { numRuns: 200 },
  );
});

test("a change is told by itself; what came and went at once was there; and nobody who has all is told all", async () => {
  const pair = new Pair();
  pair.beat();
  await pair.timers.pass(0);
  for (let at = 0; at < 1_000; at++) pair.set("one", `key-${at}`, "a value");
  await pair.timers.pass(20);
  const before = pair.heard.length;
  pair.set("one", "ada", "here");
  pair.set("one", "bob", "here");
  pair.set("one", "bob", undefined);
  await pair.timers.pass(20);
  expect(pair.heard.slice(before)).toEqual([
    {
      type: "tell",
      node: "a",
      at: before,
      changes: {
        one: [
          ["ada", "here"],
          ["bob", "here"],
          ["bob", null],
        ],
      },
    },
  ]);
  expect(JSON.stringify(pair.heard.at(-1)).length).toBeLessThan(120);
});
