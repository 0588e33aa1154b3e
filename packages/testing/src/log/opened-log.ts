import type { Log, LogOptions } from "@tidings/core";

/** What a log does or does not do, by its nature. */
export interface LogCapabilities {
  /** Whether what was acknowledged survives a restart, epoch and idempotency keys included. */
  readonly durable: boolean;
  /** Whether offsets leave no holes. */
  readonly contiguous: boolean;
  /** Whether it keeps compact channels. Default true. */
  readonly compacts?: boolean;
}

/** A log that is open for a test, and goes with everything it has when the test ends. */
export interface OpenedLog extends AsyncDisposable {
  /** Closes the log and opens it again on what it left behind; answers the new one. */
  readonly restart: () => Promise<Log>;
  readonly log: Log;
}

/** How a room opens its log for a test. */
export type OpenLog = (options: LogOptions) => Promise<OpenedLog>;
