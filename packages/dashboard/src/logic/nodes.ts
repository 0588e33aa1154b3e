import type { EventRow, MissingNode, NodeRow, Sample } from "../live/shapes.ts";
import { type Finding, MIN_SAMPLES, ofServer } from "./diagnose.ts";

/** For so long a node that is gone, and has not come back by its name, is shown; in milliseconds. */
const GONE_MS = 3_600_000;

/**
 * `starting`: it has no sample yet. `trouble`: what it says of itself is not well. `silent`: it gives no answer.
 * `lost`: the others hear of it no more. `left`: it was told to go down.
 */
export type NodeState = "well" | "starting" | "trouble" | "silent" | "lost" | "left";

/** A node that is there, or was. */
export interface NodeEntry {
  readonly node: string;
  readonly name: string;
  readonly state: NodeState;
  /** Whether this page's own connection is to it. */
  readonly isHere: boolean;
  readonly version: string | undefined;
  /** When it started, or, of one that is gone, when that was told; RFC 3339. */
  readonly since: string | undefined;
  /** How it ended, of one that is gone; of another, how the one that had its name before it did. */
  readonly end: EventRow | undefined;
  readonly sample: Sample | undefined;
  readonly findings: readonly Finding[];
}

/** The last samples of each node, the newest last. */
export type NodeSamples = ReadonlyMap<string, readonly Sample[]>;

interface Known {
  readonly nodes: readonly NodeRow[];
  readonly missing: readonly MissingNode[];
  /** Of the kind `node`, the newest first, as all nodes tell them. */
  readonly events: readonly EventRow[];
  readonly samples: NodeSamples;
  /** The node that this page's connection is to. */
  readonly here: string | undefined;
  readonly nowMs: number;
}

/** All nodes of a log: those that are there, those that give no answer, and those that are gone. */
export function listNodes(known: Known): readonly NodeEntry[] {
  const { nodes, missing, events, nowMs } = known;
  const listed = nodes.map(({ node }) => node);
  const ends = endsOf(events, new Set(listed), nowMs);
  const entries = nodes.map((row) => entryOf(row, known, ends.get(row.name)));
  const ended = [...ends.values()].map(({ other }) => other);
  const told = new Set([...listed, ...ended]);
  // One that was lost while it was asked, which no event tells yet.
  for (const { node, name } of missing)
    if (!told.has(node)) entries.push({ ...UNKNOWN, node, name, state: "silent" });
  const names = new Set(entries.map(({ name }) => name));
  for (const [name, end] of ends) {
    const { other: node = "", version, time: since } = end;
    const state = end.state === "left" ? "left" : "lost";
    if (!names.has(name)) entries.push({ ...UNKNOWN, node, name, state, version, since, end });
  }
  return entries;
}

/** What is not known of a node that gives no answer. */
const UNKNOWN = {
  isHere: false,
  version: undefined,
  since: undefined,
  end: undefined,
  sample: undefined,
  findings: [],
} as const;

function entryOf(row: NodeRow, { missing, samples, here }: Known, end: EventRow | undefined): NodeEntry {
  const { node, name, version, since, self, sample } = row;
  const findings = ofServer(samples.get(node) ?? []);
  return {
    node,
    name,
    state: stateOf(
      missing.some((each) => each.node === node),
      sample,
      findings,
    ),
    isHere: here === undefined ? self : node === here,
    version,
    since,
    end,
    sample: sample ?? undefined,
    findings,
  };
}

function stateOf(isSilent: boolean, sample: Sample | null, findings: readonly Finding[]): NodeState {
  if (isSilent) return "silent";
  if (sample === null) return "starting";
  return findings.length > 0 ? "trouble" : "well";
}

/** The last that was told of each node that is gone, by its name. */
function endsOf(
  events: readonly EventRow[],
  there: ReadonlySet<string>,
  nowMs: number,
): ReadonlyMap<string, EventRow> {
  const seen = new Set<string>();
  const ends = new Map<string, EventRow>();
  for (const event of events) {
    const { other, name, state, time } = event;
    // Each of the others tells the same, and one that was not heard of for a while may be back.
    if (other === undefined || name === undefined || seen.has(other)) continue;
    seen.add(other);
    const isGone = state !== "joined" && !there.has(other) && nowMs - Date.parse(time) < GONE_MS;
    if (isGone && !ends.has(name)) ends.set(name, event);
  }
  return ends;
}

/** The samples with those of a newer answer; of nodes that it does not name nothing is kept. */
export function withSamples(before: NodeSamples, nodes: readonly NodeRow[]): NodeSamples {
  return new Map(
    nodes.map(({ node, sample }) => {
      const known = before.get(node) ?? [];
      // Asked twice within a second it is the same one.
      const isNew = sample !== null && sample.uptimeSeconds !== known.at(-1)?.uptimeSeconds;
      return [node, isNew ? [...known, sample].slice(-MIN_SAMPLES) : known];
    }),
  );
}

/** By what the list can be ordered, the greatest first, but for the name. */
export type NodeOrder = "state" | "name" | keyof typeof VALUES;

const VALUES = {
  age: ({ state, since }: NodeEntry) =>
    since === undefined || isGone(state) ? undefined : -Date.parse(since),
  connections: ({ sample }: NodeEntry) => sample && connectionsOf(sample),
  behind: ({ sample }: NodeEntry) => sample?.laggingReaders,
  in: ({ sample }: NodeEntry) => sample?.in.messages,
  out: ({ sample }: NodeEntry) => sample && deliveriesOf(sample),
  delivery: ({ sample }: NodeEntry) => sample?.deliveryMs?.p99,
  loop: ({ sample }: NodeEntry) => sample?.eventLoopMs.p99,
  cpu: ({ sample }: NodeEntry) => sample?.cpuPercent,
  memory: ({ sample }: NodeEntry) => sample?.memory.residentBytes,
};

/** What asks for somebody comes first. */
const RANKS: Readonly<Record<NodeState, number>> = {
  silent: 5,
  lost: 4,
  trouble: 3,
  starting: 2,
  well: 1,
  left: 0,
};

/** In an order; what is equal there, by name. What is not known comes last. */
export function inOrder(entries: readonly NodeEntry[], order: NodeOrder): readonly NodeEntry[] {
  const valueOf = (entry: NodeEntry): number => {
    if (order === "name") return 0;
    if (order === "state") return RANKS[entry.state];
    return VALUES[order](entry) ?? Number.NEGATIVE_INFINITY;
  };
  const values = new Map(entries.map((entry) => [entry, valueOf(entry)]));
  const by = (one: NodeEntry, other: NodeEntry): number => {
    const [first = 0, second = 0] = [values.get(one), values.get(other)];
    // Both may be infinite, whose difference is no number.
    return first === second ? one.name.localeCompare(other.name) : second > first ? 1 : -1;
  };
  return entries.toSorted(by);
}

export function isGone(state: NodeState): boolean {
  return state === "lost" || state === "left";
}

/** Held open, over all transports. */
export function connectionsOf({ connections }: Sample): number {
  return sum(Object.values(connections));
}

/** Messages handed to readers a second, those that catch up too. */
export function deliveriesOf({ out }: Sample): number {
  return out.messages + out.replayedMessages;
}

/** Of all that answer. */
export function totalOf(entries: readonly NodeEntry[], valueOf: (sample: Sample) => number): number {
  return sum(entries.flatMap(({ sample }) => (sample === undefined ? [] : [valueOf(sample)])));
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}
