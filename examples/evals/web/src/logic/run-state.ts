import type { Evaluation } from "../../../shared/evaluation.ts";
import { hasEnded } from "../../../shared/evaluation.ts";

/** What happened to a run, as its `status` channel tells it; the newest last. */
export interface Happening {
  readonly at: string;
  readonly text: string;
  readonly tone: "info" | "success" | "warning" | "critical";
}

/** Happenings that are held; the oldest go first. Progress is none of them. */
export const MAX_HAPPENINGS = 200;

interface Payloads {
  readonly state?: Evaluation["state"];
  readonly at?: string;
  readonly reason?: string;
  readonly exit?: Evaluation["exit"];
  readonly done?: number;
  readonly total?: number;
  readonly note?: string;
  readonly parameters?: Evaluation["parameters"];
  readonly priority?: number;
}

/** The run after a message of its `status` channel. An event that is not known changes nothing. */
export function applyStatus(run: Evaluation, event: string, data: unknown, time: string): Evaluation {
  const payload = data as Payloads;
  switch (event) {
    case "status":
      return applyState(run, payload, payload.at ?? time);
    case "progress": {
      const { done = 0, total = 0, note } = payload;
      return { ...run, progress: { done, total, ...(note === undefined ? {} : { note }) } };
    }
    case "parameters":
      return { ...run, parameters: payload.parameters ?? run.parameters };
    case "priority":
      return { ...run, priority: payload.priority ?? run.priority };
    default:
      return run;
  }
}

function applyState(run: Evaluation, { state = run.state, reason, exit }: Payloads, at: string): Evaluation {
  const hasBegun = state === "running" && run.startedAt === undefined;
  const { queue, ...rest } = run;
  return {
    ...rest,
    ...(state === "queued" && queue !== undefined ? { queue } : {}),
    state,
    ...(hasBegun ? { startedAt: at } : {}),
    ...(hasEnded(state) ? { endedAt: at } : {}),
    ...(reason === undefined ? {} : { reason }),
    ...(exit === undefined ? {} : { exit }),
  };
}

function sayState(state: string, reason: string | undefined): string {
  if (reason === undefined) return state;
  return reason.startsWith(state) ? reason : `${state}: ${reason}`;
}

const TONES: Partial<Record<Evaluation["state"], Happening["tone"]>> = {
  succeeded: "success",
  failed: "critical",
  "timed-out": "critical",
  "out-of-memory": "critical",
  lost: "critical",
  stopped: "warning",
  paused: "warning",
};

/** What is worth a line of its own, in words. */
export function happeningOf(event: string, data: unknown, time: string): Happening | undefined {
  const {
    state,
    reason,
    priority,
    changed,
    found,
    at = time,
    by,
  } = data as Payloads & {
    readonly changed?: {
      readonly name: string;
      readonly from: unknown;
      readonly to: unknown;
      readonly by: string;
    };
    readonly found?: boolean;
    readonly by?: string;
  };
  if (event === "status" && state !== undefined)
    return { at, text: sayState(state, reason), tone: TONES[state] ?? "info" };
  if (event === "priority")
    return { at, text: `priority ${priority}${by === undefined ? "" : ` by ${by}`}`, tone: "info" };
  if (event === "parameters" && changed !== undefined)
    return {
      at,
      text: `${changed.name} ${String(changed.from)} → ${String(changed.to)} by ${changed.by}`,
      tone: "info",
    };
  if (event === "restored")
    return found === true
      ? { at, text: "the server began anew, and found it going", tone: "info" }
      : { at, text: "the server began anew, and did not find it", tone: "critical" };
  return undefined;
}
