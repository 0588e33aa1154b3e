import { DEFAULT_RETENTION, type Policy } from "@tidings/core";

/** One sample a second of how the node does, and means of ten of them. */
export const STATS = "$tidings/stats";
export const STATS_10S = "$tidings/stats/10s";
/** What was refused, who has gone and why, gaps, faults, starts. */
export const EVENTS = "$tidings/events";
/** By what lists of the first are ordered; the greatest stand first. */
export const CHANNEL_ORDERS = ["rate", "lag", "readers", "bytes"] as const;
export const CONNECTION_ORDERS = ["lag", "age", "bytes", "rate"] as const;

export type ChannelOrder = (typeof CHANNEL_ORDERS)[number];
export type ConnectionOrder = (typeof CONNECTION_ORDERS)[number];

const TOP = "$tidings/top";
const MIB = 1_048_576;

/** `$tidings/top/channels/rate` and its like. */
export function topChannel(of: "channels" | "connections", order: string): string {
  return `${TOP}/${of}/${order}`;
}

/**
 * Whether a channel is one of those in which a node tells of itself. They live in its memory, whatever the log is: a sample a second must
 * not wake the disk of a log that is idle, and none of them is another node's business.
 */
export function isOfNode(channel: string): boolean {
  if (!channel.startsWith("$tidings/")) return false;
  return (
    channel === EVENTS ||
    channel === STATS ||
    channel.startsWith(`${STATS}/`) ||
    channel.startsWith(`${TOP}/`)
  );
}

function policy(pattern: string, maxMessages: number, maxBytes: number, maxAgeMs: number): Policy {
  const retention = { ...DEFAULT_RETENTION, maxMessages, maxBytes, maxAgeMs };
  return { pattern, retention, publish: "server", presence: false };
}

/** A quarter of an hour of seconds, six hours of ten seconds, a week of events, and the lists of now. */
export const INSIGHT_POLICIES: readonly Policy[] = [
  policy(STATS, 960, 4 * MIB, 3_600_000),
  policy(STATS_10S, 2_160, 8 * MIB, 86_400_000),
  policy(EVENTS, 10_000, 8 * MIB, 604_800_000),
  policy(`${TOP}/**`, 2, MIB, 5_000),
];
