import type { CutHow, Direction, Fault } from "@tidings/fault-proxy";
import { Random } from "../transport/case.ts";

/** Which requests a fault is for. `publishes` and `changes` go beside what reads. */
export type Target = "upgrades" | "streams" | "polls" | "publishes" | "changes" | "reading";

/** One fault of a sequence: what it is, and how long. All times in milliseconds. */
export interface Step {
  /** What it is counted under. */
  readonly name: string;
  /** What a proxy is to do; without it, it goes away. */
  readonly fault?: Fault;
  readonly only?: Target;
  readonly on?: "open" | "new" | "all";
  /** How often it strikes at most. */
  readonly times?: number;
  /** The open connections are cut as it begins: many faults meet only new ones. */
  readonly cut?: CutHow;
  readonly lastsMs: number;
  /** How long nothing is done after it. */
  readonly quietMs: number;
  /** The next one begins before this one is over. */
  readonly overlaps: boolean;
  /** The next one waits until all is well again. */
  readonly heals: boolean;
}

const HOWS: readonly CutHow[] = ["end", "reset", "half-down", "half-up"];
const DIRECTIONS: readonly Direction[] = ["both", "up", "down"];
const TARGETS: readonly Target[] = ["streams", "polls", "publishes", "changes", "reading"];
/** Most faults are over before anybody gives up; some outlast every patience. */
const SHORT_MS = [40, 900] as const;
const LONG_MS = [900, 2_800] as const;
const QUIET_MS = [0, 1_300] as const;

type Made = Omit<Step, "name" | "lastsMs" | "quietMs" | "overlaps" | "heals">;

/** What networks do, by its name. */
const KINDS: Readonly<Record<string, (random: Random) => Made>> = {
  "refuse upgrades": (random) => ({
    fault: { kind: "refuse-upgrades", status: of(random, [426, 400, 403, 502]) },
    ...cutFirst(random),
  }),
  "swallow upgrades": (random) => ({
    fault: { kind: "swallow-upgrades", when: of(random, ["before", "after"] as const) },
    ...cutFirst(random),
  }),
  buffer: (random) => ({ fault: { kind: "buffer" }, ...cutFirst(random) }),
  "cut the answer": (random) => ({
    fault: { kind: "cut", responseBytes: random.int(0, 3_000), how: of(random, HOWS) },
    ...some(random),
  }),
  "cut the request": (random) => ({
    fault: { kind: "cut", requestBytes: random.int(0, 700), how: of(random, HOWS) },
    ...some(random),
  }),
  "cut at an age": (random) => ({
    fault: { kind: "cut", ageMs: random.int(5, 900), how: of(random, HOWS) },
    ...target(random),
  }),
  "end all": () => ({ cut: "end", fault: { kind: "cut", how: "end" }, on: "open" }),
  "reset all": () => ({ cut: "reset", fault: { kind: "cut", how: "reset" }, on: "open" }),
  "half close": (random) => {
    const cut = of(random, ["half-down", "half-up"] as const);
    return { cut, fault: { kind: "cut", how: cut }, on: "open" };
  },
  "refuse all": (random) => ({ fault: { kind: "cut", how: of(random, ["end", "reset"] as const) } }),
  stall: (random) => ({ fault: { kind: "stall", direction: of(random, DIRECTIONS) }, ...target(random) }),
  delay: (random) => ({
    fault: { kind: "delay", ms: random.int(10, 450), direction: of(random, DIRECTIONS) },
    ...target(random),
  }),
  "go away": () => ({}),
  "lose answers": (random) => ({ fault: { kind: "lose-answer" }, ...some(random) }),
  ...Object.fromEntries(
    [502, 503, 429, 500, 403].map((status) => [
      `answer ${status}`,
      (random: Random): Made => ({
        fault: {
          kind: "answer",
          status,
          ...(random.chance(0.5) ? { retryAfter: random.int(0, 1) } : {}),
        },
        ...target(random),
        ...cutFirst(random),
      }),
    ]),
  ),
};

/** A sequence of faults for one proxy, which the seed decides. */
export function planFaults(seed: number, count: number): readonly Step[] {
  const random = new Random(seed);
  const names = Object.keys(KINDS);
  return Array.from({ length: count }, (): Step => {
    const name = of(random, names);
    return {
      name,
      ...KINDS[name]?.(random),
      lastsMs: between(random, random.chance(0.8) ? SHORT_MS : LONG_MS),
      quietMs: between(random, QUIET_MS),
      overlaps: random.chance(0.3),
      heals: random.chance(0.35),
    };
  });
}

function of<Value>(random: Random, values: readonly Value[]): Value {
  return values[random.int(0, values.length - 1)] as Value;
}

function between(random: Random, [least, most]: readonly [number, number]): number {
  return random.int(least, most);
}

function cutFirst(random: Random): Pick<Step, "cut"> {
  return random.chance(0.8) ? { cut: of(random, ["end", "reset"] as const) } : {};
}

function target(random: Random): Pick<Step, "only"> {
  return random.chance(0.5) ? { only: of(random, TARGETS) } : {};
}

function some(random: Random): Pick<Step, "only" | "times"> {
  return { ...target(random), ...(random.chance(0.7) ? { times: random.int(1, 3) } : {}) };
}
