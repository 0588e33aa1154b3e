import { effect, type Signal, signal } from "@preact/signals";
import {
  Group,
  type LabResults,
  type LabTransport,
  nowMs,
  type Reading,
  type Wire,
} from "../logic/lab-code.ts";
import { askClock, isOutdated, lab, results } from "./lab.ts";

/** How often the lab is asked for its clock; the quickest answer is the surest. */
const CLOCK_ASKS = 3;

/** What this browser's own clients have got. */
export interface OwnFigures {
  readonly runId: string;
  readonly readings: Readonly<Record<string, Reading>>;
  readonly wires: Readonly<Record<string, Wire>>;
  readonly isOver: boolean;
}

/** Whether this browser reads too; what it takes from the machine is in all figures. */
export const isReading: Signal<boolean> = signal(true);
export const own: Signal<OwnFigures | undefined> = signal(undefined);
/** How far the lab's clock is ahead of this one, as far as that can be told; in milliseconds. */
export const aheadMs: Signal<number> = signal(0);

/** How long readers may take for what they have not got when a run is over, and how often it is looked; in milliseconds. */
const FINISH_MS = 5_000;
const LOOK_MS = 100;

type Faults = LabResults["faults"];

/** The clients of one run, one a transport. */
class OwnReaders {
  readonly runId: string;
  readonly #groups: readonly Group[];
  #base: LabResults["browser"];
  #isCounting = false;
  #isClosed = false;
  #faults: Faults = [];

  constructor(
    runId: string,
    channel: string,
    size: number,
    urls: Readonly<Record<string, string>>,
    told: LabResults,
  ) {
    this.runId = runId;
    this.#base = told.browser;
    this.#faults = told.faults;
    this.#groups = Object.entries(urls).map(([name, url]) => {
      const group = new Group(name as LabTransport, size, () => nowMs() + aheadMs.peek());
      // Who opens the page in the middle of a run has missed nothing that is theirs.
      group.open(url, channel, () => undefined, "latest");
      return group;
    });
  }

  take({ run, faults, browser }: LabResults): void {
    if (!this.#isCounting && typeof run?.countedFromMs === "number") {
      this.#isCounting = true;
      this.#base = browser;
      for (const group of this.#groups) group.forget();
    }
    this.#mark(faults);
    own.value = {
      runId: this.runId,
      readings: Object.fromEntries(
        this.#groups.map((group) => [group.name, group.report(run?.published ?? 0)]),
      ),
      wires: Object.fromEntries(
        Object.entries(browser).map(([name, wire]) => [name, since(wire, this.#base[name])]),
      ),
      isOver: false,
    };
  }

  /** The run is over: what is on its way comes, for a while; then it is closed. Its switches are lifted, so nobody needs to wait. */
  async finish(told: LabResults): Promise<void> {
    for (const group of this.#groups) group.hurry();
    const published = told.run?.published ?? 0;
    const untilMs = performance.now() + FINISH_MS;
    while (
      !this.#isClosed &&
      performance.now() < untilMs &&
      !this.#groups.every((group) => group.hasAll(published))
    ) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      if (!this.#isClosed) this.take(told);
    }
    this.close();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const group of this.#groups) group.close();
    const last = own.peek();
    if (last !== undefined) own.value = { ...last, isOver: true };
  }

  /** What has been thrown or lifted since: told at once, so that times are within what the way here takes. */
  #mark(faults: Faults): void {
    const isIn = (list: Faults, kind: string, name: LabTransport): boolean =>
      list.some((fault) => fault.kind === kind && fault.transports.includes(name));
    const kinds = new Set([...faults, ...this.#faults].map(({ kind }) => kind));
    for (const group of this.#groups)
      for (const kind of kinds) {
        const is = isIn(faults, kind, group.name);
        if (is !== isIn(this.#faults, kind, group.name)) group.mark(kind, is);
      }
    this.#faults = faults;
  }
}

let readers: OwnReaders | undefined;
/** Those of a run that is over, until they have everything. */
let finishing: OwnReaders | undefined;

effect(() => {
  const told = results.value;
  // The page may not connect to the paths of another lab than its own.
  const urls = isOutdated.value ? undefined : lab.value?.urls;
  const run = told?.run ?? null;
  const isOpen =
    run !== null && (run.phase === "warming" || run.phase === "running" || run.phase === "settling");
  if (readers !== undefined && (!isOpen || !isReading.value || run?.id !== readers.runId)) {
    if (told !== undefined && isReading.value && run?.id === readers.runId) {
      readers.take(told);
      finishing = readers;
      void finishing.finish(told);
    } else readers.close();
    readers = undefined;
  }
  if (told === undefined || urls === undefined || !isOpen || !isReading.value) return;
  if (readers === undefined && run.phase !== "settling") {
    finishing?.close();
    void compareClocks();
    readers = new OwnReaders(run.id, run.channel, run.size, urls, told);
  }
  readers?.take(told);
});

/** One machine has one clock: what is less than asking took is not told apart from 0. */
async function compareClocks(): Promise<void> {
  try {
    const asked = [];
    for (let at = 0; at < CLOCK_ASKS; at++) asked.push(await askClock(nowMs));
    const quickest = asked.reduce((one, other) => (other.tookMs < one.tookMs ? other : one));
    aheadMs.value = Math.abs(quickest.aheadMs) > quickest.tookMs ? quickest.aheadMs : 0;
  } catch {
    // The lab is away, which is said; the clocks are what they were.
  }
}

const NOTHING: Wire = { upBytes: 0, downBytes: 0, requests: 0, connections: { open: 0, opened: 0 } };

function since(now: Wire, base: Wire = NOTHING): Wire {
  // A fault proxy that was started anew counts from 0.
  if (now.downBytes < base.downBytes) return now;
  return {
    upBytes: now.upBytes - base.upBytes,
    downBytes: now.downBytes - base.downBytes,
    requests: now.requests - base.requests,
    connections: { open: now.connections.open, opened: now.connections.opened - base.connections.opened },
  };
}
