import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { connect, type State, type Tidings } from "@tidings/client";
import { credential, ROOT } from "../../live/session.ts";
import type { FaultKind, LabResults, LabState, LabTransport, StartInput } from "../logic/lab-code.ts";

/** The longest pause before a lost connection is tried again, in milliseconds: somebody sits in front of this page. */
const MAX_BACKOFF_MS = 3_000;
/** How long the server's list of commands is waited for, in milliseconds. */
const LOOK_MS = 10_000;
/** Between two looks at a server that does not answer, in milliseconds. */
const LOOK_AGAIN_MS = 3_000;

/** What this server is. */
export type Place =
  | { readonly is: "looking" }
  /** It answers, and has no such commands: the page advises. */
  | { readonly is: "no-lab" }
  /** It does not say what it is to whom it does not know; a lab asks nobody. */
  | { readonly is: "guarded" }
  | { readonly is: "away" }
  | { readonly is: "lab" };

/** To the lab itself, by a path that no switch befalls. */
export const tidings: Tidings = connect(ROOT, {
  token: credential,
  // It listens; commands go by REST.
  tuning: { maxBackoffMs: MAX_BACKOFF_MS, burstSends: 0, steadyMinutes: 0 },
});

export const place: Signal<Place> = signal({ is: "looking" });
export const connection: Signal<State> = signal(tidings.state);
export const liveUntil: Signal<number | undefined> = signal(undefined);
/** As it was first told: where the paths are, and how far the lab goes. */
export const lab: Signal<LabState | undefined> = signal(undefined);
export const results: Signal<LabResults | undefined> = signal(undefined);
/** Another lab answers than the one that this page is of: its paths are others, which the page's policy does not name. */
export const isOutdated: Signal<boolean> = signal(false);
/** What is being asked for. */
export const asking: Signal<ReadonlySet<string>> = signal(new Set());
/** What the last command met, in the lab's own words. */
export const fault: Signal<
  { readonly command: string; readonly code: string; readonly message: string } | undefined
> = signal(undefined);

export const run: ReadonlySignal<LabResults["run"]> = computed(() => results.value?.run ?? null);
export const isRunning: ReadonlySignal<boolean> = computed(
  () => run.value !== null && run.value.phase !== "done" && run.value.phase !== "failed",
);

/** Finds out what is here; a lab's results are read from then on. */
export async function look(): Promise<void> {
  const is = await whatIsHere();
  place.value = { is };
  if (is === "away") setTimeout(() => void look(), LOOK_AGAIN_MS);
  if (is !== "lab") return;
  tidings.on("state", (state) => {
    const before = connection.peek().name;
    if (before === "live" && state.name !== "live") liveUntil.value = Date.now();
    connection.value = state;
    // What was missed meanwhile, and whether it is the same lab.
    if (before !== "live" && state.name === "live") void ask("lab.state");
  });
  tidings.on("error", ({ code, message }) => (fault.value = { command: "lab.state", code, message }));
  tidings
    .channel<{ results: LabResults }>("lab/results", { last: 1 })
    .on("results", (told) => takeResults(told));
}

export async function start(input: Partial<StartInput>): Promise<boolean> {
  return ask("lab.start", input);
}

export async function stop(): Promise<boolean> {
  return ask("lab.stop");
}

/** @param transports all where left out */
export async function throwSwitch(
  kind: FaultKind,
  on: boolean,
  transports?: readonly LabTransport[],
): Promise<boolean> {
  return ask(
    "lab.fault",
    { kind, on, ...(transports === undefined ? {} : { transports }) },
    `lab.fault ${kind}`,
  );
}

/** Asks for the lab's clock: how far ahead it is, and how long asking took, in milliseconds. */
export async function askClock(
  clock: () => number,
): Promise<{ readonly aheadMs: number; readonly tookMs: number }> {
  const sent = clock();
  const { nowMs } = (await tidings.command("lab.state")) as LabState;
  const answered = clock();
  return { aheadMs: nowMs - (sent + answered) / 2, tookMs: answered - sent };
}

async function ask(command: string, input?: unknown, name: string = command): Promise<boolean> {
  asking.value = new Set([...asking.peek(), name]);
  try {
    takeState((await tidings.command(command, input)) as LabState);
    fault.value = undefined;
    return true;
  } catch (error) {
    const { code = "UNKNOWN", message } = error as Error & { readonly code?: string };
    fault.value = { command, code, message };
    return false;
  } finally {
    asking.value = new Set([...asking.peek()].filter((each) => each !== name));
  }
}

function takeState(state: LabState): void {
  const before = lab.peek();
  if (before !== undefined && JSON.stringify(before.urls) !== JSON.stringify(state.urls))
    isOutdated.value = true;
  if (before === undefined) lab.value = state;
  takeResults(state.results);
}

/** Answers of commands and the channel cross each other. */
function takeResults(told: LabResults): void {
  if (told.atMs >= (results.peek()?.atMs ?? 0)) results.value = told;
}

async function whatIsHere(): Promise<Place["is"]> {
  try {
    const response = await fetch(`${ROOT}/commands`, {
      headers: credential === undefined ? {} : { Authorization: `Bearer ${credential}` },
      cache: "no-store",
      signal: AbortSignal.timeout(LOOK_MS),
    });
    if (response.status === 401 || response.status === 403) return "guarded";
    if (!response.ok) return "away";
    const { commands } = (await response.json()) as {
      readonly commands: readonly { readonly name?: string }[];
    };
    return commands.some(({ name }) => name === "lab.state") ? "lab" : "no-lab";
  } catch {
    return "away";
  }
}
