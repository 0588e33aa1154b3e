/** Every size and time that bounds a peer, with its default (DESIGN: sizes). All are configurable. */
export interface Limits {
  /** Largest payload of one message, in bytes. Default 1,048,576 (1 MiB). */
  readonly maxMessageBytes: number;
  /** Most messages in one publish. Default 1,000. */
  readonly maxBatchMessages: number;
  /** Largest body of one publish, in bytes. Default 8,388,608 (8 MiB). */
  readonly maxBatchBytes: number;
  /** Most messages in one page. Default 1,000. */
  readonly maxPageMessages: number;
  /** Most payload bytes in one page; one message always fits. Default 1,048,576 (1 MiB). */
  readonly maxPageBytes: number;
  /** Most channels on one connection. Default 1,000. */
  readonly maxChannelsPerConnection: number;
  /** Most values of an event filter. Default 32. */
  readonly maxFilterEvents: number;
  /** Largest composite position (`a@cursor,b@cursor`), in bytes: it travels in a header. Default 12,288. */
  readonly maxPositionBytes: number;
  /** Largest frame that a WebSocket client may send, in bytes. Default 2,097,152 (2 MiB). */
  readonly maxFrameBytes: number;
  /** Most client frames of one WebSocket that may wait for their answer; reading pauses above it. Default 256. */
  readonly maxFramesInFlight: number;
  /** How long a long poll is held when `wait` names no time, in milliseconds. Default 25,000. */
  readonly longPollDefaultMs: number;
  /** The longest `wait` that is honoured, in milliseconds. Default 60,000. */
  readonly longPollMaxMs: number;
  /** Between two heartbeats on SSE and NDJSON, in milliseconds. Default 15,000. */
  readonly heartbeatMs: number;
  /** Between two pings on a WebSocket, in milliseconds. Default 25,000. */
  readonly pingMs: number;
  /** How long a WebSocket peer may take to answer a ping, in milliseconds. Default 10,000. */
  readonly pongTimeoutMs: number;
  /** Most connections held open at once (streams, WebSockets, long polls). Default 100,000. */
  readonly maxConnections: number;
  /** How long a client may take to send a request's body, in milliseconds. Default 30,000. */
  readonly requestTimeoutMs: number;
}

export const DEFAULT_LIMITS: Limits = {
  maxMessageBytes: 1_048_576,
  maxBatchMessages: 1_000,
  maxBatchBytes: 8_388_608,
  maxPageMessages: 1_000,
  maxPageBytes: 1_048_576,
  maxChannelsPerConnection: 1_000,
  maxFilterEvents: 32,
  maxPositionBytes: 12_288,
  maxFrameBytes: 2_097_152,
  maxFramesInFlight: 256,
  longPollDefaultMs: 25_000,
  longPollMaxMs: 60_000,
  heartbeatMs: 15_000,
  pingMs: 25_000,
  pongTimeoutMs: 10_000,
  maxConnections: 100_000,
  requestTimeoutMs: 30_000,
};

/** Bytes of UTF-8. Names are short, so these are not configurable. */
export const MAX_CHANNEL_BYTES = 255;
export const MAX_EVENT_BYTES = 255;
export const MAX_KEY_BYTES = 255;
export const MAX_IDEMPOTENCY_KEY_BYTES = 255;
export const MAX_FRAME_ID_BYTES = 128;
/** How long a log remembers an idempotency key, in milliseconds. */
export const IDEMPOTENCY_MS = 300_000;
