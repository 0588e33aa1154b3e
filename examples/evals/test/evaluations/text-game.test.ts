import { describe, expect, test } from "vitest";
import { parse, spell, UnknownWordError } from "../../evaluations/text-game/parser.ts";
import { MAX_SCORE } from "../../evaluations/text-game/world.ts";
import { Host, shipped } from "./host.ts";

const program = shipped("text-game");
const SLOW = { turnMs: 10_000, maxTurns: 100_000 };

interface State {
  readonly world: {
    readonly room: string;
    readonly turn: number;
    readonly items: Readonly<Record<string, string>>;
  };
  readonly agent: { readonly plan: readonly string[]; readonly rooms: readonly string[] };
  readonly inputs: readonly string[];
}

async function turn(host: Host): Promise<State> {
  const reply = await host.command({ type: "step" });
  if (!reply.ok) throw new Error(reply.error);
  return (reply.data as { readonly state: State }).state;
}

describe("the text game", () => {
  test("an agent that never errs wins it with all points, and sees all rooms", async () => {
    await using host = await Host.start(program, { turnMs: 0, epsilon: 0 });
    expect(await host.exited).toEqual({ code: 0, signal: null });
    expect(host.result).toMatchObject({
      won: true,
      score: MAX_SCORE,
      maxScore: 50,
      rooms: 13,
      turnsByPersons: 0,
    });
    expect(String(await host.artifact("transcript.txt"))).toContain("you have won, with 50 of 50 points");
    expect(String(await host.artifact("map.svg"))).toMatch(/^<svg .*Great hall/);
    expect(
      host
        .all("metric")
        .filter(({ name }) => name === "score")
        .at(-1)?.value,
    ).toBe(50);
    expect(host.all("progress").at(-1)).toMatchObject({ note: "won" });
  });

  test("the same seed gives the same game, word for word; another seed another", async () => {
    const transcript = async (seed: number): Promise<string> => {
      await using host = await Host.start(program, { turnMs: 0, seed, epsilon: 0.3 });
      expect(await host.exited).toEqual({ code: 0, signal: null });
      return String(await host.artifact("transcript.txt"));
    };
    const [one, again, other] = await Promise.all([transcript(3), transcript(3), transcript(4)]);
    expect(again).toBe(one);
    expect(other).not.toBe(one);
  });

  test("paused, each step is a turn, and shows the world and what the agent remembers", async () => {
    await using host = await Host.start(program, SLOW);
    await host.command({ type: "pause" });
    const before = host.all("paused").map(({ state }) => state as State)[0];
    const after = await turn(host);
    expect(after.world.turn).toBe((before?.world.turn ?? 0) + 1);
    expect(after.world.items).toMatchObject({ crown: "crypt" });
    expect(after.agent.rooms).toContain("gate");
    expect(await host.command({ type: "inspect" })).toMatchObject({
      data: { state: { world: after.world } },
    });
  });

  test("a person's input is the next turn in the agent's place, and unknown words are answered", async () => {
    await using host = await Host.start(program, SLOW);
    await host.command({ type: "pause" });
    expect(await host.command({ type: "input", text: "fly to the moon" })).toMatchObject({
      ok: false,
      error: expect.stringContaining('I do not know the word "fly". Try: go north'),
    });
    expect(await host.command({ type: "input", text: "take the idol" })).toMatchObject({
      data: { next: "take idol" },
    });
    expect(await host.command({ type: "input", text: "N" })).toMatchObject({
      data: { next: "go north", waiting: 2 },
    });
    // Lines come by another pipe than answers.
    const said = async (line: string) => host.until(line, () => host.lines.find((each) => each === line));
    await turn(host);
    await said("[info] > take idol");
    await said("[info] You see no idol here.");
    const { world, inputs } = await turn(host);
    await said("[info] > go north");
    expect(inputs).toEqual([]);
    expect(world.turn).toBeGreaterThanOrEqual(2);
  });

  test("at most 20 inputs wait for their turn", async () => {
    await using host = await Host.start(program, SLOW);
    await host.command({ type: "pause" });
    for (let n = 1; n <= 20; n += 1) {
      expect(await host.command({ type: "input", text: "wait" })).toMatchObject({
        ok: true,
        data: { waiting: n },
      });
    }
    expect(await host.command({ type: "input", text: "wait" })).toMatchObject({
      ok: false,
      error: expect.stringContaining("let it play first"),
    });
  });

  test("epsilon and the pace change while it plays; stopped, it keeps what was played", async () => {
    await using host = await Host.start(program, { ...SLOW, epsilon: 0 });
    expect(await host.command({ type: "set", name: "epsilon", value: 1 })).toMatchObject({ ok: true });
    expect(await host.command({ type: "set", name: "epsilon", value: 1.1 })).toMatchObject({ ok: false });
    expect(await host.command({ type: "set", name: "seed", value: 2 })).toMatchObject({ ok: false });
    expect(await host.command({ type: "set", name: "turnMs", value: 0 })).toMatchObject({ ok: true });
    await host.until("a turn at random", () => host.lines.find((line) => line.endsWith("at random")));
    const set = "[info] epsilon is now 1, was 0";
    await host.until(set, () => host.lines.find((line) => line === set));
    host.stop();
    expect(await host.exited).toEqual({ code: null, signal: "SIGTERM" });
    expect(String(await host.artifact("transcript.txt"))).toContain("> ");
  });

  test("what the rules of its manifest look for is in its log: the idol, and the word", async () => {
    await using host = await Host.start(program, { ...SLOW, epsilon: 1, turnMs: 0, maxTurns: 3000 });
    await host.exited;
    await host.until("the idol", () => host.lines.find((line) => line === "[info] > take idol"));
  });
});

test("what is typed is read with synonyms and without fillers, and spelt one way", () => {
  expect(
    ["Get the brass key", "n", "walk up", "put crown in the chest", "say Mellon!", "refill the lamp"].map(
      (text) => spell(parse(text)),
    ),
  ).toEqual(["take brass-key", "go north", "go up", "put crown", "say mellon", "fill lamp"]);
  for (const text of ["", "go", "go away", "take", "take toString", "constructor", "§$%"]) {
    expect(() => parse(text)).toThrow(UnknownWordError);
  }
});
