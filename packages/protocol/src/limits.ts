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
  /** How long a WebSocket peer may take to answer a ping, and any to take something of a stream that has ended, in milliseconds. Default 10,000. */
  readonly pongTimeoutMs: number;
  /** How long a WebSocket that came without a credential may take to send one, in milliseconds. Default 5,000. */
  readonly authTimeoutMs: number;
  /** Most connections held open at once (streams, WebSockets, long polls). Default 100,000. */
  readonly maxConnections: number;
  /** The same of one address, plain requests counted too; of IPv6 one network of 64 bits. Default 20,000; `Infinity` for no bound. */
  readonly maxConnectionsPerAddress: number;
  /** The same of one subject of tokens. Default 1,000; `Infinity` for no bound. */
  readonly maxConnectionsPerSubject: number;
  /** Streams and WebSockets that one address may open a second, on average. Default 5,000; `Infinity` for no bound. */
  readonly maxConnectsPerSecond: number;
  /** How long a connection is kept on which no request is under way, in milliseconds. Default 65,000. */
  readonly keepAliveMs: number;
  /** How long a client may take to send a request's body, in milliseconds; an upload, between two parts of it. Default 30,000. */
  readonly requestTimeoutMs: number;
  /** Largest payload that travels inline where its publisher does not ask for more, in bytes. Default 100,000. */
  readonly inlineBytes: number;
  /** Largest payload of bytes that travels as base64, in bytes; above it text transports get its URL. Default 500,000. */
  readonly maxBase64Bytes: number;
  /** Largest preview of a stored payload, in bytes of its JSON. Default 4,096. */
  readonly maxPreviewBytes: number;
  /** Largest stored payload, in bytes. Default 5,368,709,120 (5 GiB). */
  readonly maxArtifactBytes: number;
  /** All stored payloads together, in bytes. Default 53,687,091,200 (50 GiB). */
  readonly maxArtifactStoreBytes: number;
  /** How long an uploaded artifact is kept that no message names, in milliseconds. Default 86,400,000 (24 h). */
  readonly artifactTtlMs: number;
  /** How long an unfinished upload is kept after its last byte, in milliseconds. Default 86,400,000 (24 h). */
  readonly uploadTtlMs: number;
  /** Largest input or answer of a command, in bytes of JSON. Default 1,048,576 (1 MiB). */
  readonly maxCommandBytes: number;
  /** Most commands of one connection that are being worked on. Default 64. */
  readonly maxCommandsInFlight: number;
  /** How long a command may take when neither it nor its caller says, in milliseconds. Default 30,000. */
  readonly commandTimeoutMs: number;
  /** The longest time that a caller may ask for, in milliseconds. Default 600,000 (10 minutes). */
  readonly maxCommandTimeoutMs: number;
  /** Largest state of a member of a channel's presence, in bytes of JSON. Default 1,024. */
  readonly maxPresenceStateBytes: number;
  /** Most members of one channel's presence. Default 100,000. */
  readonly maxPresenceMembers: number;
  /** Up to how many members changes are told by name; above it counts alone are. Default 1,000. */
  readonly maxPresenceListed: number;
  /** Up to how many bytes of members and states changes are told by name. Default 262,144 (256 KiB). */
  readonly maxPresenceListedBytes: number;
  /** How long a member stays whose connection broke, in milliseconds. Default 10,000. */
  readonly presenceGraceMs: number;
  /** Between two presence frames of one channel, in milliseconds. Default 100. */
  readonly presenceFlushMs: number;
  /** How long a member put by REST stays when its `ttl` is not said, in milliseconds. Default 60,000. */
  readonly presenceTtlMs: number;
  /** The longest `ttl`, in milliseconds. Default 86,400,000 (24 h). */
  readonly maxPresenceTtlMs: number;
  /** A node of the same log that nothing was heard of for so long is gone, and its members with it, in milliseconds. Default 10,000. */
  readonly nodeTimeoutMs: number;
  /** Ephemeral messages that one connection, or one address over HTTP, may publish a second, on average. Default 200. */
  readonly maxEphemeralPerSecond: number;
  /**
   * Messages that one WebSocket, or over HTTP one subject of tokens or else one address, may publish a second, on average. Default
   * 1,000; `Infinity` for no bound.
   */
  readonly maxPublishesPerSecond: number;
  /** The same by the bytes of their payloads. Default 16,777,216 (16 MiB); `Infinity` for no bound. */
  readonly maxPublishBytesPerSecond: number;
  /** Most channels that the log may hold. Default 1,000,000; `Infinity` for no bound. */
  readonly maxChannels: number;
  /** Channels that who publishes may create a minute, on average. Default 600; `Infinity` for no bound. */
  readonly maxChannelsPerMinute: number;
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
  authTimeoutMs: 5_000,
  maxConnections: 100_000,
  maxConnectionsPerAddress: 20_000,
  maxConnectionsPerSubject: 1_000,
  maxConnectsPerSecond: 5_000,
  keepAliveMs: 65_000,
  requestTimeoutMs: 30_000,
  inlineBytes: 100_000,
  maxBase64Bytes: 500_000,
  maxPreviewBytes: 4_096,
  maxArtifactBytes: 5_368_709_120,
  maxArtifactStoreBytes: 53_687_091_200,
  artifactTtlMs: 86_400_000,
  uploadTtlMs: 86_400_000,
  maxCommandBytes: 1_048_576,
  maxCommandsInFlight: 64,
  commandTimeoutMs: 30_000,
  maxCommandTimeoutMs: 600_000,
  maxPresenceStateBytes: 1_024,
  maxPresenceMembers: 100_000,
  maxPresenceListed: 1_000,
  maxPresenceListedBytes: 262_144,
  presenceGraceMs: 10_000,
  presenceFlushMs: 100,
  presenceTtlMs: 60_000,
  maxPresenceTtlMs: 86_400_000,
  nodeTimeoutMs: 10_000,
  maxEphemeralPerSecond: 200,
  maxPublishesPerSecond: 1_000,
  maxPublishBytesPerSecond: 16_777_216,
  maxChannels: 1_000_000,
  maxChannelsPerMinute: 600,
};

/** Bytes of UTF-8. Names are short, so these are not configurable. */
export const MAX_CHANNEL_BYTES = 255;
export const MAX_EVENT_BYTES = 255;
export const MAX_KEY_BYTES = 255;
export const MAX_IDEMPOTENCY_KEY_BYTES = 255;
export const MAX_FRAME_ID_BYTES = 128;
export const MAX_COMMAND_NAME_BYTES = 255;
export const MAX_MEMBER_BYTES = 128;
/** How long a log remembers an idempotency key, in milliseconds. */
export const IDEMPOTENCY_MS = 300_000;
