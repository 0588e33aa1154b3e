// What the server says of itself, as docs/reference/insight.md has it.

interface Quantiles {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Of `$tidings/stats` and `$tidings/stats/10s`. */
export interface Sample {
  readonly node: string;
  readonly uptimeSeconds: number;
  readonly in: { readonly messages: number; readonly bytes: number };
  readonly out: {
    readonly messages: number;
    readonly bytes: number;
    readonly replayedMessages: number;
    readonly replayedBytes: number;
  };
  readonly connections: Readonly<Record<string, number>>;
  readonly sockets: number;
  readonly laggingReaders: number;
  readonly deliveryMs: Quantiles | null;
  readonly commitMs: Quantiles | null;
  readonly eventLoopMs: Quantiles;
  readonly cpuPercent: number;
  readonly memory: { readonly residentBytes: number; readonly heapBytes: number };
  readonly log: {
    readonly channels: number;
    readonly maxChannels: number | null;
    readonly usedBytes: number | null;
    readonly disk: { readonly fileBytes: number; readonly freeBytes: number } | null;
  };
  readonly artifacts: { readonly count: number; readonly bytes: number };
  readonly refused: Readonly<Record<string, number>>;
}

export interface ChannelRow {
  readonly channel: string;
  readonly messagesPerSecond: number | null;
  readonly bytesPerSecond: number | null;
  readonly readers: number;
  readonly lag: number;
  readonly slowest?: string;
  readonly cursor: string;
  readonly messages: number;
  readonly bytes: number;
  readonly retention: {
    readonly maxMessages: number | null;
    readonly maxBytes: number | null;
    readonly maxAgeMs: number | null;
  };
  readonly compact: boolean;
}

/** A node that gave no answer. */
export interface MissingNode {
  readonly node: string;
  readonly name: string;
  /** In words, after its name. */
  readonly why: string;
}

export interface ChannelList {
  readonly channels: readonly ChannelRow[];
  readonly count: number;
  readonly complete: boolean;
  readonly next?: string;
  readonly missing?: readonly MissingNode[];
}

export interface Who {
  readonly kind: "open" | "anonymous" | "token" | "key";
  readonly subject?: string;
  readonly id?: string;
}

export interface ConnectionRow {
  readonly connection: string;
  readonly transport: string;
  readonly address: string;
  readonly who: Who;
  readonly since: string;
  readonly channels: number;
  readonly behind: number;
  readonly lag: number;
  readonly slowest?: string;
  readonly state: "live" | "waiting" | "reading";
  readonly stateSince?: string;
  readonly bytes: number;
  readonly bytesPerSecond: number | null;
  readonly bufferedBytes: number;
}

export interface ConnectionDetail extends ConnectionRow {
  readonly reads: readonly {
    readonly channel: string;
    readonly cursor?: string;
    readonly live: boolean;
    readonly lag: number;
  }[];
}

export interface ConnectionList {
  readonly connections: readonly ConnectionRow[];
  readonly count: number;
  readonly next?: string;
  readonly missing?: readonly MissingNode[];
}

/** What an event says beside its kind; each kind has some of it. */
export interface EventRow {
  readonly cursor: string;
  readonly time: string;
  readonly kind: string;
  readonly code?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly method?: string;
  readonly route?: string;
  readonly channel?: string;
  readonly address?: string;
  readonly who?: Who;
  readonly connection?: string;
  readonly transport?: string;
  readonly request?: string;
  readonly openSeconds?: number;
  readonly bytes?: number;
  readonly missed?: number | null;
  readonly from?: string;
  readonly to?: string;
  readonly version?: string;
  readonly log?: string;
  readonly node?: string;
  /** The node that came or went. */
  readonly other?: string;
  readonly name?: string;
  readonly state?: string;
  readonly counts?: Readonly<Record<string, number>>;
}

export interface EventList {
  readonly events: readonly EventRow[];
  readonly count: number;
  readonly next?: string;
  readonly missing?: readonly MissingNode[];
}

export interface NodeRow {
  readonly node: string;
  readonly name: string;
  readonly version: string;
  readonly since: string;
  /** Whether it is the one that answers. */
  readonly self: boolean;
  readonly sample: Sample | null;
}

export interface NodeList {
  readonly nodes: readonly NodeRow[];
  readonly missing?: readonly MissingNode[];
}

export interface ConfigEntry {
  readonly name: string;
  readonly value: unknown;
  readonly source: string;
}

/** A message, as pages and streams have it. */
export interface WireMessage {
  readonly type: "message" | "gap" | "caught-up";
  readonly cursor?: string;
  readonly event?: string;
  readonly key?: string;
  readonly time: string;
  readonly contentType?: string;
  readonly encoding?: string;
  readonly data?: unknown;
  readonly artifact?: { readonly url: string; readonly size: number; readonly type: string };
  readonly preview?: unknown;
  readonly deleted?: true;
}

export interface Page {
  readonly messages: readonly WireMessage[];
  readonly cursor: string;
  readonly caughtUp: boolean;
  readonly gap?: { readonly reason: string; readonly missed: number | null };
}
