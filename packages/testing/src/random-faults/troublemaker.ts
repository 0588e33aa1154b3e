import { setTimeout as pause } from "node:timers/promises";
import type { FaultProxy, Only } from "@tidings/fault-proxy";
import type { Step, Target } from "./plan.ts";

export interface TroublemakerOptions {
  readonly steps: readonly Step[];
  readonly onStep?: (step: Step) => void;
  /** The last of several faults is over. */
  readonly onCalm: () => void;
  /** The first one begins. */
  readonly onTrouble: () => void;
  /** Resolves once the proxy's clients are well again. */
  readonly healed: () => Promise<void>;
}

const TARGETS: Readonly<Record<Target, Only>> = {
  upgrades: "upgrades",
  streams: "streams",
  polls: "polls",
  publishes: ({ path }) => path.startsWith("/channels/"),
  changes: ({ path }) => path.startsWith("/connections/"),
  reading: ({ path }) => path === "/connect",
};
/** How much of an overlapping fault passes before the next one begins. */
const OVERLAP = 0.4;

/** Lets a proxy do what a plan says, one step after the other; resolves once all is over and lifted. */
export async function makeTrouble(proxy: FaultProxy, options: TroublemakerOptions): Promise<void> {
  const { steps, onStep, onCalm, onTrouble, healed } = options;
  let active = 0;
  const running: Promise<void>[] = [];

  const run = async (step: Step): Promise<void> => {
    if (active++ === 0) onTrouble();
    const end = await begin(proxy, step);
    await pause(step.lastsMs);
    await end();
    if (--active === 0) onCalm();
  };

  for (const step of steps) {
    onStep?.(step);
    const over = run(step);
    running.push(over);
    if (step.overlaps) await pause(step.lastsMs * OVERLAP);
    else {
      await over;
      await pause(step.quietMs);
    }
    if (!step.heals) continue;
    await Promise.all(running.splice(0));
    await healed();
  }
  await Promise.all(running);
}

/** Begins a step's fault, and answers how to end it. */
async function begin(proxy: FaultProxy, step: Step): Promise<() => Promise<void>> {
  const { fault, only, on, times, cut } = step;
  if (fault === undefined) {
    await proxy.goAway();
    return async () => proxy.comeBack();
  }
  const injected = proxy.inject(fault, {
    ...(only === undefined ? {} : { only: TARGETS[only] }),
    ...(on === undefined ? {} : { on }),
    ...(times === undefined ? {} : { times }),
  });
  if (cut !== undefined) proxy.cutAll(cut);
  return async () => injected.lift();
}
