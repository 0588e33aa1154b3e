/** What of a channel is another thing on each node. */
export interface ChannelNumbers {
  /** `null` while it is not known yet. */
  readonly messagesPerSecond: number | null;
  readonly bytesPerSecond: number | null;
  /** Live. */
  readonly readers: number;
  /** How far the slowest reader is behind, in offsets, and its connection. */
  readonly lag: number;
  readonly slowest?: string | undefined;
}

/** Of two nodes together. */
export function addNumbers(one: ChannelNumbers | undefined, other: ChannelNumbers): ChannelNumbers {
  if (one === undefined) return other;
  const slowest = other.lag > one.lag ? other.slowest : (one.slowest ?? other.slowest);
  return {
    messagesPerSecond: sum(one.messagesPerSecond, other.messagesPerSecond),
    bytesPerSecond: sum(one.bytesPerSecond, other.bytesPerSecond),
    readers: one.readers + other.readers,
    lag: Math.max(one.lag, other.lag),
    ...(slowest === undefined ? {} : { slowest }),
  };
}

function sum(one: number | null, other: number | null): number | null {
  return one === null || other === null ? (one ?? other) : Math.round((one + other) * 10) / 10;
}
