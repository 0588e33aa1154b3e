import type { FaultKind, StartInput } from "./bounds.ts";
import type { LabTransport } from "./transports.ts";

// What the lab tells, as JSON: on `lab/results`, and as the answer of its commands. Times that end in `AtMs` are milliseconds since 1970 by
// this machine's clock, with fractions.

/** How late messages were: from right before they were published to when a reader was handed them. */
export interface Latency {
  readonly count: number;
  /** `null` where nothing was counted. Within 2.2 % of the true value. */
  readonly p50Ms: number | null;
  readonly p90Ms: number | null;
  readonly p99Ms: number | null;
  /** Exact. */
  readonly maxMs: number | null;
  /** Those that are not empty, each with its upper edge; the lower one is that edge divided by 2^(1/16). */
  readonly buckets: readonly (readonly [toMs: number, count: number])[];
}

/** When messages came again, of the readers whose do. */
export interface Return {
  /** How many readers have a message that was published after. */
  readonly back: number;
  readonly p50Ms: number | null;
  /** Of the last one, once all are back. */
  readonly maxMs: number | null;
}

/** What a fault did to the readers of one transport. */
export interface Outage {
  readonly kind: FaultKind;
  readonly onAtMs: number;
  readonly offAtMs: number | null;
  /** From when the fault was thrown to the first message that was published after. */
  readonly fromOn: Return;
  /** From when it was lifted; `null` before. */
  readonly fromOff: Return | null;
}

/** Where one reader went. */
export interface Change {
  readonly atMs: number;
  readonly state: "idle" | "connecting" | "live" | "waiting" | "offline" | "closed";
  readonly transport: LabTransport | null;
  /** Why, where it waits: an error code of the client. */
  readonly code?: string;
}

/** What the readers of one transport say. */
export interface Reading {
  /** Since the run's warm-up. */
  readonly total: Latency;
  /** Of the last 5 seconds. */
  readonly recent: Latency;
  /** Messages, of all readers together. */
  readonly received: number;
  /** Bytes of their payloads. */
  readonly payloadBytes: number;
  /** Numbers that never came, though higher ones did, and no gap was told. Counted from the run's first message, as are the next four. */
  readonly lost: number;
  /** Numbers that came once more. */
  readonly repeated: number;
  /** Gaps that were told, and the messages in them. */
  readonly gaps: number;
  readonly gapMessages: number;
  /** How many messages the furthest reader has yet to get. */
  readonly behind: number;
  /** How many readers are in each state. */
  readonly states: Readonly<Partial<Record<Change["state"], number>>>;
  /** How many readers are live on each transport: what `auto` is on. */
  readonly on: Readonly<Partial<Record<LabTransport, number>>>;
  /** Of the first reader: its last 50 changes. */
  readonly history: readonly Change[];
  /** The last 20. */
  readonly outages: readonly Outage[];
}

/** What passed through one port of the fault proxy, as clients saw it: HTTP and WebSocket with their framing, without TCP and below. */
export interface Wire {
  readonly upBytes: number;
  readonly downBytes: number;
  readonly requests: number;
  readonly connections: { readonly open: number; readonly opened: number };
}

export interface TransportFigures extends Reading, Wire {
  /** (up + down − payload) ÷ payload; `null` before there is a payload. */
  readonly overheadPercent: number | null;
}

/** What a process takes. */
export interface Usage {
  /** Of the operating system's, to look into it with a tool of one's own. */
  readonly pid: number;
  /** Of one core. */
  readonly cpuPercent: number;
  readonly rssBytes: number;
}

export interface LoadUsage extends Usage {
  /**
   * How long its event loop kept things waiting, 99th percentile of the last report: what is above 20 ms is in the latencies, and is this
   * process's own fault.
   */
  readonly eventLoopP99Ms: number;
}

export interface TargetFigures extends Partial<Usage> {
  /** `killed`: by the switch. `ended`: by itself. */
  readonly state: "starting" | "up" | "killed" | "ended";
  /** How often it was started again. */
  readonly restarts: number;
  /** Held open, by the server's own names of transports. */
  readonly connections?: Readonly<Record<string, number>>;
  /** Connections to its port, idle ones too. */
  readonly sockets?: number;
}

export interface RunFigures extends StartInput {
  readonly id: string;
  /** Of the target. */
  readonly channel: string;
  readonly phase: "opening" | "warming" | "running" | "settling" | "done" | "failed";
  readonly startedAtMs: number;
  /** When what is counted began; `null` before. */
  readonly countedFromMs: number | null;
  /** When it ends by itself. */
  readonly endsAtMs: number;
  /** Why it ended. */
  readonly reason?: string;
  /** Since its first message. */
  readonly published: number;
  readonly acknowledged: number;
  /** Messages that were due and not published, as 1,000 waited for their answer already. */
  readonly skipped: number;
}

/** One message of `lab/results`: twice a second while a run goes on, else after each change. */
export interface LabResults {
  readonly atMs: number;
  readonly run: RunFigures | null;
  readonly transports: Readonly<Partial<Record<LabTransport, TransportFigures>>>;
  /** What a browser's own clients took, by the ports that are theirs; since the lab was started. */
  readonly browser: Readonly<Record<string, Wire>>;
  readonly faults: readonly {
    readonly kind: FaultKind;
    readonly transports: readonly LabTransport[];
    readonly onAtMs: number;
  }[];
  readonly target: TargetFigures;
  readonly processes: { readonly load: LoadUsage | null; readonly paths: Usage | null };
  /** What went otherwise than asked, the last 20. */
  readonly notes: readonly { readonly atMs: number; readonly text: string }[];
}

/** What `lab.state` answers. */
export interface LabState {
  /** By this machine's clock: whoever asks can tell how far their own is off. */
  readonly nowMs: number;
  /** Where a browser opens its clients, by transport: each has a port of its own. */
  readonly urls: Readonly<Record<string, string>>;
  readonly transports: readonly { readonly name: LabTransport; readonly isForReaders: boolean }[];
  readonly bounds: Readonly<Record<string, number>>;
  readonly results: LabResults;
}
