/**
 * Every fault that a caller can meet, in one table: the HTTP status a request gets (RFC 9457), the close code a
 * WebSocket gets when the fault ends it, and whether the same call may succeed later. docs/reference/errors.md is
 * tested against it, both ways.
 */
interface Fault {
  readonly status: number;
  readonly closeCode: number;
  readonly retryable: boolean;
  readonly title: string;
}

export const ERRORS = {
  CHANNEL_NAME_INVALID: {
    status: 400,
    closeCode: 4400,
    retryable: false,
    title: "The channel's name is not valid",
  },
  CURSOR_INVALID: { status: 400, closeCode: 4400, retryable: false, title: "The cursor is not valid" },
  EVENT_NAME_INVALID: {
    status: 400,
    closeCode: 4400,
    retryable: false,
    title: "The event's name is not valid",
  },
  KEY_INVALID: { status: 400, closeCode: 4400, retryable: false, title: "A key is not valid" },
  QUERY_INVALID: { status: 400, closeCode: 4400, retryable: false, title: "A query parameter is not valid" },
  HEADER_INVALID: { status: 400, closeCode: 4400, retryable: false, title: "A header is not valid" },
  BODY_INVALID: { status: 400, closeCode: 4400, retryable: false, title: "The body is not valid" },
  FRAME_INVALID: { status: 400, closeCode: 4400, retryable: false, title: "The frame is not valid" },
  REQUEST_INVALID: { status: 400, closeCode: 4400, retryable: false, title: "The request is not valid" },
  ALREADY_SUBSCRIBED: {
    status: 409,
    closeCode: 4409,
    retryable: false,
    title: "The connection reads this channel already",
  },
  NOT_SUBSCRIBED: {
    status: 404,
    closeCode: 4400,
    retryable: false,
    title: "The connection does not read this channel",
  },
  TOO_MANY_CHANNELS: {
    status: 400,
    closeCode: 4400,
    retryable: false,
    title: "Too many channels on one connection",
  },
  POSITION_TOO_LARGE: {
    status: 400,
    closeCode: 4400,
    retryable: false,
    title: "The composite position is too large",
  },
  UNAUTHENTICATED: { status: 401, closeCode: 4401, retryable: false, title: "No valid credential was given" },
  AUTH_UNAVAILABLE: {
    status: 503,
    closeCode: 4503,
    retryable: true,
    title: "Credentials cannot be checked now",
  },
  FORBIDDEN: {
    status: 403,
    closeCode: 4403,
    retryable: false,
    title: "The credential has no grant for this",
  },
  HOST_FORBIDDEN: {
    status: 403,
    closeCode: 4403,
    retryable: false,
    title: "The Host is not one this server answers to",
  },
  ORIGIN_FORBIDDEN: {
    status: 403,
    closeCode: 4403,
    retryable: false,
    title: "Pages of this origin may not use the server",
  },
  CHANNEL_RESERVED: {
    status: 403,
    closeCode: 4403,
    retryable: false,
    title: "The channel belongs to the system",
  },
  PUBLISH_FORBIDDEN: {
    status: 403,
    closeCode: 4403,
    retryable: false,
    title: "The channel's policy forbids this publish",
  },
  NOT_FOUND: { status: 404, closeCode: 4400, retryable: false, title: "There is nothing at this URL" },
  CONNECTION_UNKNOWN: {
    status: 404,
    closeCode: 4400,
    retryable: false,
    title: "No open connection has this id",
  },
  COMMAND_UNKNOWN: { status: 404, closeCode: 4400, retryable: false, title: "No command has this name" },
  METHOD_NOT_ALLOWED: {
    status: 405,
    closeCode: 4400,
    retryable: false,
    title: "The URL does not take this method",
  },
  NOT_ACCEPTABLE: {
    status: 406,
    closeCode: 4400,
    retryable: false,
    title: "None of the accepted media types is offered",
  },
  REQUEST_TIMEOUT: {
    status: 408,
    closeCode: 4408,
    retryable: true,
    title: "The request took too long to arrive",
  },
  CURSOR_GONE: {
    status: 410,
    closeCode: 4409,
    retryable: false,
    title: "Messages after the cursor are no longer held",
  },
  CONFLICT: { status: 412, closeCode: 4409, retryable: false, title: "The channel's head is another one" },
  MESSAGE_TOO_LARGE: { status: 413, closeCode: 4413, retryable: false, title: "The message is too large" },
  BATCH_TOO_LARGE: { status: 413, closeCode: 4413, retryable: false, title: "The batch is too large" },
  FRAME_TOO_LARGE: { status: 413, closeCode: 4413, retryable: false, title: "The frame is too large" },
  URL_TOO_LONG: { status: 414, closeCode: 4400, retryable: false, title: "The URL is too long" },
  CONTENT_TYPE_UNSUPPORTED: {
    status: 415,
    closeCode: 4400,
    retryable: false,
    title: "The content type is not one of those taken",
  },
  UPGRADE_INVALID: {
    status: 400,
    closeCode: 4400,
    retryable: false,
    title: "The WebSocket handshake is not valid",
  },
  RATE_LIMITED: { status: 429, closeCode: 4429, retryable: true, title: "Too many requests" },
  HEADERS_TOO_LARGE: {
    status: 431,
    closeCode: 4400,
    retryable: false,
    title: "The request's headers are too large",
  },
  INTERNAL: { status: 500, closeCode: 1011, retryable: true, title: "The server met a fault of its own" },
  TOO_MANY_CONNECTIONS: {
    status: 503,
    closeCode: 4503,
    retryable: true,
    title: "As many connections are open as may be",
  },
  DRAINING: { status: 503, closeCode: 4503, retryable: true, title: "The server is going down" },
  LOG_UNAVAILABLE: { status: 503, closeCode: 4503, retryable: true, title: "The log cannot be reached" },
  LOG_FULL: { status: 507, closeCode: 4503, retryable: true, title: "The log is full" },
  LOG_LOCKED: { status: 500, closeCode: 1011, retryable: false, title: "Another process has the log open" },
  ARTIFACT_UNKNOWN: {
    status: 404,
    closeCode: 4400,
    retryable: false,
    title: "There is no artifact of this id",
  },
  ARTIFACT_TOO_LARGE: { status: 413, closeCode: 4413, retryable: false, title: "The artifact is too large" },
  UPLOAD_CONFLICT: {
    status: 409,
    closeCode: 4409,
    retryable: false,
    title: "The upload stands at another offset",
  },
  DIGEST_MISMATCH: {
    status: 400,
    closeCode: 4400,
    retryable: false,
    title: "The body has another digest than it says",
  },
  RANGE_INVALID: {
    status: 416,
    closeCode: 4400,
    retryable: false,
    title: "The range lies outside of the artifact",
  },
  STORE_FULL: { status: 507, closeCode: 4503, retryable: true, title: "The store of artifacts is full" },
  PREVIEW_INVALID: { status: 400, closeCode: 4400, retryable: false, title: "The preview is not valid" },
  KEY_REQUIRED: { status: 400, closeCode: 4400, retryable: false, title: "The message needs a key" },
  CHANNEL_NOT_KEYED: {
    status: 409,
    closeCode: 4409,
    retryable: false,
    title: "The channel does not keep messages by key",
  },
  CHANNEL_FULL: {
    status: 507,
    closeCode: 4503,
    retryable: false,
    title: "The channel holds as many keys as it may",
  },
  COMMAND_NAME_INVALID: {
    status: 400,
    closeCode: 4400,
    retryable: false,
    title: "The command's name is not valid",
  },
  COMMAND_INPUT_INVALID: {
    status: 422,
    closeCode: 4400,
    retryable: false,
    title: "The command does not take this input",
  },
  COMMAND_TIMEOUT: { status: 504, closeCode: 4408, retryable: true, title: "The command took too long" },
  COMMAND_CANCELLED: { status: 409, closeCode: 4409, retryable: false, title: "The command was cancelled" },
  COMMAND_FAILED: { status: 500, closeCode: 1011, retryable: false, title: "The command failed" },
  COMMAND_UNAVAILABLE: {
    status: 502,
    closeCode: 4503,
    retryable: true,
    title: "What answers the command cannot be reached",
  },
  TOO_MANY_COMMANDS: {
    status: 429,
    closeCode: 4429,
    retryable: true,
    title: "Too many commands are being worked on",
  },
  PRESENCE_FORBIDDEN: {
    status: 403,
    closeCode: 4403,
    retryable: false,
    title: "The channel's policy has no presence",
  },
  PRESENCE_INVALID: {
    status: 400,
    closeCode: 4400,
    retryable: false,
    title: "The member or its state is not valid",
  },
  PRESENCE_FULL: {
    status: 503,
    closeCode: 4503,
    retryable: true,
    title: "The channel has as many members as it may",
  },
  MEMBER_UNKNOWN: { status: 404, closeCode: 4400, retryable: false, title: "There is no such member" },
  CONFIG_INVALID: { status: 500, closeCode: 1011, retryable: false, title: "The configuration is not valid" },
  NEEDS_INVALID: { status: 400, closeCode: 4400, retryable: false, title: "The needs are not valid" },
  OPEN_REFUSED: {
    status: 403,
    closeCode: 4403,
    retryable: false,
    title: "Open to a network without authentication",
  },
} as const;

export type ErrorCode = keyof typeof ERRORS;

/** What else a fault may tell, beside its sentence. */
export interface ErrorDetails {
  /** The head cursor that a conditional publish met. */
  readonly head?: string;
  /** The gap that `gap=fail` refused to cross. */
  readonly gap?: {
    readonly reason: "expired" | "epoch" | "ahead";
    readonly from: string;
    readonly to: string;
    readonly missed: number | null;
  };
  /** The part of the input that was at fault: a field, a parameter, or a line (from 1). */
  readonly field?: string;
  readonly line?: number;
  /** Of a page of several channels: the one that could not be read. */
  readonly channel?: string;
  /** Of a rate: how long until there is room, in milliseconds. */
  readonly retryAfterMs?: number;
}

/**
 * A fault with a stable `code`. One class for all of them, not one each: the table above is what differs, and a
 * caller branches on `code`. The message says what happened to which thing, and what to do.
 */
export class TidingsError extends Error {
  override readonly name = "TidingsError";
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.details = details;
  }

  /** Whether the same call may succeed later, unchanged. */
  get retryable(): boolean {
    // Also what holds every row to the shape: `satisfies` cannot stand in an isolated declaration.
    const fault: Fault = ERRORS[this.code];
    return fault.retryable;
  }
}
