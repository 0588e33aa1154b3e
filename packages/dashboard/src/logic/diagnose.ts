import { formatBytes, formatDuration, formatMs, plural } from "@tidings/ui/format";
import type { ConnectionRow, Sample } from "../live/shapes.ts";
import type { Moment } from "./ranges.ts";
import { to } from "./route.ts";

/** The event loop is held for so long: everything waits for that. In milliseconds. */
export const LATE_LOOP_MS = 100;
/** A commit takes so long: the disk is slow. In milliseconds. */
const SLOW_COMMIT_MS = 100;
/** From when to delivery, in milliseconds. */
const SLOW_DELIVERY_MS = 250;
/** Of one core, in per cent. */
export const BUSY_CPU = 85;
/** What a disk should have left, in bytes. */
const LOW_DISK_BYTES = 1_073_741_824;
/** A connection that takes nothing for so long is slow, and no passing matter; in milliseconds. */
const STUCK_MS = 2_000;
/** Of fewer seconds than these nothing is said that is a matter of time: a start is busy. */
export const MIN_SAMPLES = 5;
/** Below it a process that is late does not work, but waits: in per cent of a core. */
const IDLE_CPU = 50;
/** What the server refuses since it cannot do it. */
const OWN_FAULTS = ["INTERNAL", "LOG_FULL", "LOG_UNAVAILABLE", "STORE_FULL"];

/** Whose fault it is, as far as the server can tell. */
export interface Diagnosis {
  readonly side: "well" | "us" | "network" | "both" | "unknown";
  readonly findings: readonly Finding[];
}

export interface Finding {
  readonly side: "us" | "network";
  readonly text: string;
  /** Where more of it is. */
  readonly href?: string;
}

/** "Is it us or the network?", from the last seconds of samples and the connections that are behind most. */
export function diagnose(
  moments: readonly Moment[],
  behind: readonly ConnectionRow[],
  nowMs: number,
): Diagnosis {
  if (moments.length === 0) return { side: "unknown", findings: [] };
  const findings = [...ofServer(moments.map(({ sample }) => sample)), ...ofNetwork(behind, nowMs)];
  const sides = new Set(findings.map(({ side }) => side));
  const [side = "well"] = sides;
  return { side: sides.size === 2 ? "both" : side, findings };
}

/** What holds a server, by its last samples. */
export function ofServer(samples: readonly Sample[]): Finding[] {
  const found: Finding[] = [];
  const us = (text: string, href?: string): void => {
    found.push({ side: "us", text, ...(href === undefined ? {} : { href }) });
  };
  const loop = median(samples.map(({ eventLoopMs }) => eventLoopMs.p99));
  const cpu = median(samples.map(({ cpuPercent }) => cpuPercent));
  if (loop >= LATE_LOOP_MS) {
    const why =
      cpu < IDLE_CPU ? "the machine gives the process too little time" : "its own work holds the process";
    us(`The event loop is ${formatMs(loop)} late: ${why}.`);
  }
  if (cpu >= BUSY_CPU)
    us(`The process takes ${Math.round(cpu)} % of a core: it has reached what one can do.`);
  const commit = median(samples.flatMap(({ commitMs }) => (commitMs === null ? [] : [commitMs.p99])));
  if (commit >= SLOW_COMMIT_MS) us(`A commit of the log takes ${formatMs(commit)}: the disk is slow.`);
  const delivery = median(samples.flatMap(({ deliveryMs }) => (deliveryMs === null ? [] : [deliveryMs.p99])));
  if (delivery >= SLOW_DELIVERY_MS && loop < LATE_LOOP_MS && commit < SLOW_COMMIT_MS)
    us(`Messages take ${formatMs(delivery)} from publish to delivery.`);
  const last = samples.at(-1);
  const free = last?.log.disk?.freeBytes;
  if (free !== undefined && free < LOW_DISK_BYTES) us(`The log's disk has only ${formatBytes(free)} left.`);
  if (last !== undefined && isFull(last)) us("The log holds as many channels as it may.", to.channels);
  for (const code of OWN_FAULTS) {
    if (samples.some(({ refused }) => (refused[code] ?? 0) > 0))
      us(`Requests are refused with ${code}.`, to.events(code));
  }
  return found;
}

function ofNetwork(behind: readonly ConnectionRow[], nowMs: number): Finding[] {
  const stuck = behind.filter(
    ({ state, stateSince }) =>
      state === "waiting" && stateSince !== undefined && nowMs - Date.parse(stateSince) >= STUCK_MS,
  );
  const [worst] = stuck.toSorted((a, b) => (a.stateSince ?? "").localeCompare(b.stateSince ?? ""));
  if (worst?.stateSince === undefined) return [];
  const forMs = nowMs - Date.parse(worst.stateSince);
  return [
    {
      side: "network",
      text: `${plural(stuck.length, "connection")} ${stuck.length === 1 ? "takes" : "take"} nothing of what is there for ${
        stuck.length === 1 ? "it" : "them"
      }, for ${formatDuration(forMs)} at most: the network there, or the client, is slow.`,
      href: to.connections,
    },
  ];
}

function isFull({ log: { channels, maxChannels } }: Sample): boolean {
  return maxChannels !== null && channels >= maxChannels;
}

/** The one in the middle: a single bad second is none. 0 of too few. */
function median(values: readonly number[]): number {
  if (values.length < MIN_SAMPLES) return 0;
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
