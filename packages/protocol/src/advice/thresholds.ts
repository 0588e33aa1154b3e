/**
 * Where the advice may turn: at each of these and below it one rule holds, above it another one. They are the `steps` of
 * the needs too, so what would change the advice is found by trying both sides of each.
 */

/** Messages a second: one a minute. The client moves to a WebSocket above it, once it has gone on for some minutes. */
export const RARE_PER_SECOND: number = 1 / 60;
/** Three calls within two seconds: the client moves at once. */
export const BURST_PER_SECOND = 1.5;
/** Above it a request for each message costs more than a connection that is held. */
export const REQUEST_PER_SECOND = 1;
/** What a person can follow. */
export const SEEN_PER_SECOND = 30;
/** From where what a delivery costs is worth a look. */
export const BUSY_PER_SECOND = 100;
/** From where publishing one by one bounds the rate. */
export const BATCH_PER_SECOND = 1_000;

/** What a person takes for at once, there and back. */
export const ROUND_TRIP_MS = 100;
/** The client's shortest pause between two short polls where nothing else is said. */
export const POLL_MS = 2_000;
/** What an advised pause between two short polls lies between. */
export const MIN_POLL_MS = 500;
export const MAX_POLL_MS = 3_600_000;

/** Later than this, nobody waits for it. */
export const RELAXED_MS = 30_000;

/** Above it compressing frames of WebSockets pays. */
export const LARGE_FRAME_BYTES = 1_000;

export const MANY_READERS = 1_000;
export const CROWD_READERS = 10_000;

/** Cut so soon, a connection is kept only by heartbeats that cost more than what it carries. */
export const HASTY_IDLE_MS = 5_000;
/** Browsers open six connections to a host by HTTP/1.1; one has to be left for requests. */
export const HELD_STREAMS = 5;
