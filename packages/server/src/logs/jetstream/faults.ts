import { TidingsError } from "@tidings/protocol";

/** What JetStream answered instead (its error codes: `err_code`). */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly code: number;

  constructor(code: number, description: string) {
    super(description);
    this.code = code;
  }
}

/** The stream's last entry of a channel is not the one that was expected. */
export class StaleError extends Error {
  override readonly name = "StaleError";
}

/** By JetStream's error codes (`server/errors.json` of nats-server). */
export const CODES = {
  noMessage: 10_037,
  streamNotFound: 10_059,
  streamExists: 10_058,
  wrongLastSequence: 10_071,
  noResources: [10_023, 10_047, 10_077, 10_028],
  notEnabled: [10_039, 10_076],
} as const;

/** The engine refused or could not be asked; nothing is known to have been appended. */
export function unavailable(server: string, error: unknown): TidingsError {
  if (error instanceof TidingsError) return error;
  const why = error instanceof Error ? (error.message === "" ? error.name : error.message) : String(error);
  if (error instanceof ApiError && (CODES.noResources as readonly number[]).includes(error.code)) {
    const message = `the log's NATS at ${server} has no room left (${why}); make room, or lower the retention, and publish again.`;
    return new TidingsError("LOG_FULL", message, {}, error);
  }
  return new TidingsError(
    "LOG_UNAVAILABLE",
    `the log's NATS at ${server} did not answer as it should (${why}); try again.`,
    {},
    error,
  );
}

export function awayError(server: string, reason: string): TidingsError {
  return new TidingsError(
    "LOG_UNAVAILABLE",
    `the log's NATS at ${server} is away (${reason}); readers stay connected. Try again.`,
  );
}

export function unreachedError(server: string, reason: string, timeoutMs: number): TidingsError {
  return new TidingsError(
    "LOG_UNAVAILABLE",
    `the log's NATS at ${server} was not reached within ${timeoutMs} ms (${reason}); see that it runs with JetStream and lets ` +
      "this server in, and that the log's URL is right.",
  );
}

export function closedError(): TidingsError {
  return new TidingsError("LOG_UNAVAILABLE", "the log is closed; the server is going down.");
}

export function contendedError(channel: string): TidingsError {
  return new TidingsError(
    "LOG_UNAVAILABLE",
    `channel "${channel}" is appended to by so many nodes at once that this one did not get its turn; publish again.`,
  );
}
