import type { TransportName } from "../../src/types.ts";

export type Pin = TransportName | "auto";

/** What a transport can show of a fault, by its nature: the list asks of it what it can. */
export interface Abilities {
  /** Each answer is a connection's first: it has a head, and a fault of connections meets it again. */
  readonly isPolling: boolean;
  /**
   * It sees that nothing comes any more. Heartbeats of SSE are comments, which an `EventSource` keeps to itself, so a connection
   * that stalls is for it one on which nothing happens.
   */
  readonly noticesSilence: boolean;
  /** It is told a refusal's status, and how long to wait. Browsers tell a `WebSocket` and an `EventSource` of no answer. */
  readonly seesRefusals: boolean;
  /** It sends a token in a header, which is what the proxy looks at. */
  readonly sendsHeaders: boolean;
}

const FETCHING = { isPolling: false, noticesSilence: true, seesRefusals: true, sendsHeaders: true } as const;
const POLLING = { ...FETCHING, isPolling: true } as const;

export const ABILITIES: Readonly<Record<Pin, Abilities>> = {
  sse: FETCHING,
  ndjson: FETCHING,
  "event-source": { isPolling: false, noticesSilence: false, seesRefusals: false, sendsHeaders: false },
  ws: { isPolling: false, noticesSilence: true, seesRefusals: false, sendsHeaders: false },
  "long-poll": POLLING,
  poll: POLLING,
  auto: FETCHING,
};
