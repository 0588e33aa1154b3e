import { hasEnded, type State } from "../../../shared/evaluation.ts";
import type { Summary } from "../../../shared/channels.ts";

/** What the list shows: a group of states, a kind, a text. Each empty one lets all through. */
export interface ListFilter {
  readonly group: StateGroup;
  readonly kind: string;
  readonly text: string;
}

export const STATE_GROUPS = ["all", "active", "queued", "succeeded", "failed", "stopped"] as const;
export type StateGroup = (typeof STATE_GROUPS)[number];
export const ALL_RUNS: ListFilter = { group: "all", kind: "", text: "" };

/** Somebody who stops one means to: that is no failure. */
const FAILED: readonly State[] = ["failed", "timed-out", "out-of-memory", "lost"];

export function isInGroup(state: State, group: StateGroup): boolean {
  switch (group) {
    case "all":
      return true;
    case "active":
      return state === "starting" || state === "running" || state === "paused";
    case "queued":
    case "succeeded":
    case "stopped":
      return state === group;
    case "failed":
      return FAILED.includes(state);
    default:
      return group satisfies never;
  }
}

/** Each word has to be in the id, the title, the kind, who started it, its state or its last note. */
function hasText(run: Summary, text: string): boolean {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const fields = [run.id, run.title, run.kind, run.createdBy, run.state, run.progress?.note ?? ""];
  const all = fields.join("\n").toLowerCase();
  return words.every((word) => all.includes(word));
}

export function matches(run: Summary, filter: ListFilter): boolean {
  return (
    isInGroup(run.state, filter.group) &&
    (filter.kind === "" || run.kind === filter.kind) &&
    hasText(run, filter.text)
  );
}

export const SORTS = ["newest", "state", "progress", "longest", "alerts"] as const;
export type Sort = (typeof SORTS)[number];

const ORDER: Readonly<Record<State, number>> = {
  paused: 0,
  running: 1,
  starting: 2,
  queued: 3,
  failed: 4,
  "timed-out": 4,
  "out-of-memory": 4,
  lost: 4,
  stopped: 4,
  succeeded: 4,
};

/**
 * What needs eyes comes first: paused, running, queued in the order of their turn; then what has ended, the newest first. What still
 * runs is as long as it is at `now`, milliseconds since the epoch.
 */
export function compare(sort: Sort, now: number = Date.now()): (a: Summary, b: Summary) => number {
  const newest = (a: Summary, b: Summary): number =>
    a.createdAt < b.createdAt ? 1 : a.createdAt > b.createdAt ? -1 : a.id < b.id ? 1 : -1;
  switch (sort) {
    case "newest":
      return newest;
    case "state":
      return (a, b) =>
        ORDER[a.state] - ORDER[b.state] ||
        (a.queue?.position ?? 0) - (b.queue?.position ?? 0) ||
        newest(a, b);
    case "progress":
      return (a, b) => shareOf(b) - shareOf(a) || newest(a, b);
    case "longest":
      return (a, b) => durationOf(b, now) - durationOf(a, now) || newest(a, b);
    case "alerts":
      return (a, b) => weightOf(b) - weightOf(a) || newest(a, b);
    default:
      return sort satisfies never;
  }
}

function shareOf({ progress }: Summary): number {
  return progress === undefined || progress.total <= 0 ? 0 : progress.done / progress.total;
}

/** Milliseconds from start to end, or to now; 0 before the start. */
function durationOf(run: Summary, now: number = Date.now()): number {
  if (run.startedAt === undefined) return 0;
  const end = run.endedAt === undefined ? now : Date.parse(run.endedAt);
  return Math.max(0, end - Date.parse(run.startedAt));
}

function weightOf({ alerts }: Summary): number {
  return alerts.critical * 1_000_000 + alerts.warning * 1_000 + alerts.info;
}

export type GroupCounts = Readonly<Record<StateGroup, number>>;

export function countGroups(runs: Iterable<Summary>): GroupCounts {
  const counts: Record<StateGroup, number> = {
    all: 0,
    active: 0,
    queued: 0,
    succeeded: 0,
    failed: 0,
    stopped: 0,
  };
  for (const run of runs) for (const group of STATE_GROUPS) if (isInGroup(run.state, group)) counts[group]++;
  return counts;
}

export interface KindCounts extends GroupCounts {
  readonly kind: string;
  /** Milliseconds from start to end, half of the ended runs being shorter; `undefined` before one has ended. */
  readonly medianMs: number | undefined;
}

export function countKinds(runs: readonly Summary[]): readonly KindCounts[] {
  const byKind = Map.groupBy(runs, ({ kind }) => kind);
  return [...byKind]
    .map(([kind, all]) => ({ kind, ...countGroups(all), medianMs: medianDuration(all) }))
    .sort((a, b) => (a.kind < b.kind ? -1 : 1));
}

function medianDuration(runs: readonly Summary[]): number | undefined {
  const ended = runs.filter((run) => hasEnded(run.state) && run.startedAt !== undefined);
  const durations = ended.map((run) => durationOf(run)).sort((a, b) => a - b);
  return durations[Math.floor(durations.length / 2)];
}

const HOUR = 3_600_000;

export interface HourCounts {
  /** When the hour began, milliseconds since the epoch. */
  readonly from: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly stopped: number;
}

/** How many runs ended in each of the last `hours` hours, the running one last. */
export function throughput(runs: Iterable<Summary>, now: number, hours: number = 24): readonly HourCounts[] {
  const first = Math.floor(now / HOUR) * HOUR - (hours - 1) * HOUR;
  const counts = Array.from({ length: hours }, (_, at) => ({
    from: first + at * HOUR,
    succeeded: 0,
    failed: 0,
    stopped: 0,
  }));
  for (const { state, endedAt } of runs) {
    if (endedAt === undefined) continue;
    const hour = counts[Math.floor((Date.parse(endedAt) - first) / HOUR)];
    if (hour === undefined) continue;
    if (state === "succeeded" || state === "stopped") hour[state]++;
    else hour.failed++;
  }
  return counts;
}
