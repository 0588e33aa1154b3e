import type { TransportName } from "@tidings/client";

export type LabTransport = TransportName | "auto";

interface Entry {
  readonly name: LabTransport;
  /** Whether the lab's own readers can use it: Node.js has no `EventSource`. A browser can use all. */
  readonly isForReaders: boolean;
}

/**
 * What is compared: the client's transports, and the client that chooses, each with whether the lab's own readers can use it. One that the
 * client gets does not compile before it stands here, and has its ports, readers and figures by that alone.
 */
const IS_FOR_READERS: Readonly<Record<LabTransport, boolean>> = {
  poll: true,
  "long-poll": true,
  sse: true,
  "event-source": false,
  ndjson: true,
  ws: true,
  auto: true,
};

export const LAB_TRANSPORTS: readonly Entry[] = Object.entries(IS_FOR_READERS).map(
  ([name, isForReaders]) => ({ name: name as LabTransport, isForReaders }),
);

export const READER_TRANSPORTS: readonly Entry[] = LAB_TRANSPORTS.filter(({ isForReaders }) => isForReaders);

/**
 * What `auto` is tuned to in the lab. It begins with a WebSocket, as only then is there something to block; and it forgets that the path
 * forbade one after 3 seconds in place of 5 minutes, so that who throws a switch sees it come back.
 */
export const AUTO_OPTIONS = { lowLatency: true, tuning: { pathMemoryMs: 3_000 } } as const;
