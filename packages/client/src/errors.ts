/** The client's own codes; all others are the server's (docs/reference/errors.md), or of a command's own. */
export type ClientErrorCode =
  /** The server could not be reached, or what answered is not one. */
  | "UNREACHABLE"
  /** The connection did not greet, or went silent. */
  | "SILENT"
  /** The connection ended, or was cut, while it was in use. */
  | "CONNECTION_LOST"
  /** The path, or this platform, does not let the transport through. */
  | "TRANSPORT_BLOCKED"
  | "OFFLINE"
  | "CLOSED"
  /** More publishes wait than may. */
  | "PENDING_FULL"
  /** A publish was not acknowledged in time; it may have been appended. */
  | "PUBLISH_TIMEOUT"
  /** A payload is not what the schema says. */
  | "PAYLOAD_INVALID"
  /** A listener of the application threw. */
  | "LISTENER_FAILED"
  /** The store of cursors failed. */
  | "STORE_FAILED"
  | "ABORTED";

export interface ErrorDetails {
  readonly retryable?: boolean | undefined;
  readonly cause?: unknown;
  readonly status?: number | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly data?: unknown;
}

/** What went wrong. Branch on `code`; the sentence may change. */
export class TidingsError extends Error implements ErrorDetails {
  override readonly name: string = "TidingsError";
  /** Whether the same may succeed later, unchanged. */
  declare readonly retryable: boolean;
  declare readonly code: ClientErrorCode | (string & {});
  /** HTTP status, or WebSocket close code, where there was one. */
  declare readonly status?: number;
  /** How long the server asks to wait, in milliseconds. */
  declare readonly retryAfterMs?: number;
  /** What else the server told: `head`, `gap`, `issues`, a command's own `data`. */
  declare readonly data?: unknown;

  constructor(code: ClientErrorCode | (string & {}), message: string, details: ErrorDetails = {}) {
    super(message, details);
    Object.assign(this, details, { code, retryable: !!details.retryable });
  }
}

/** Another try, or another transport, may fare better. What has a code already keeps it. */
export const passingError = (
  code: ClientErrorCode,
  message: string,
  cause?: unknown,
  status?: number,
): TidingsError =>
  cause instanceof TidingsError ? cause : new TidingsError(code, message, { retryable: true, cause, status });

export const lostError = (cause?: unknown, status?: number): TidingsError =>
  passingError("CONNECTION_LOST", "the connection ended.", cause, status);

/** The path does not let the transport through, or the platform has no such thing. */
export const blockedError = (why = "what answers is not the server."): TidingsError =>
  passingError("TRANSPORT_BLOCKED", why);

export const closedError = (): TidingsError => new TidingsError("CLOSED", "the client is closed.");
