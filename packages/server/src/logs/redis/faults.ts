import { TidingsError } from "@tidings/protocol";

/** The engine refused or could not be asked; nothing is known to have been appended. */
export function unavailable(server: string, error: unknown): TidingsError {
  if (error instanceof TidingsError) return error;
  const why = error instanceof Error ? error.message : String(error);
  if (why.startsWith("OOM ")) {
    const message = `the log's Redis at ${server} has no memory left (maxmemory); make room, or lower the retention, and publish again.`;
    return new TidingsError("LOG_FULL", message, {}, error);
  }
  return new TidingsError(
    "LOG_UNAVAILABLE",
    `the log's Redis at ${server} did not answer as it should (${why}); try again.`,
    {},
    error,
  );
}

export function awayError(server: string, reason: string): TidingsError {
  return new TidingsError(
    "LOG_UNAVAILABLE",
    `the log's Redis at ${server} is away (${reason}); readers stay connected. Try again.`,
  );
}

export function unreachedError(server: string, reason: string, timeoutMs: number): TidingsError {
  return new TidingsError(
    "LOG_UNAVAILABLE",
    `the log's Redis at ${server} was not reached within ${timeoutMs} ms (${reason}); see that it runs and lets this server in, ` +
      "and that the log's URL is right.",
  );
}

export function closedError(): TidingsError {
  return new TidingsError("LOG_UNAVAILABLE", "the log is closed; the server is going down.");
}

export function replicasError(asked: number, had: number): TidingsError {
  return new TidingsError(
    "LOG_UNAVAILABLE",
    `the append is in the log's Redis, but ${had} of the ${asked} replicas asked for confirmed it in time; it may be lost if ` +
      "the master fails. Publish again with the same Idempotency-Key.",
  );
}

/** As core's `checkRoom` says it. */
export function fullError(channel: string, bound: string): TidingsError {
  return new TidingsError(
    "CHANNEL_FULL",
    `channel "${channel}" holds ${bound} at most, and this would be more; delete keys, or raise the retention of its policy.`,
  );
}

/** As core's `planAppend` says it. */
export function conflictError(channel: string, head: string, asked: string): TidingsError {
  return new TidingsError(
    "CONFLICT",
    `the head of channel "${channel}" is ${head}, not ${asked}; read what was appended since, then publish on the new head.`,
    { head },
  );
}
