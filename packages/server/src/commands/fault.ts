import { type ErrorCode, ERRORS, isOwnCode, TidingsError } from "@tidings/protocol";

const DEFAULT_STATUS = 422;

export interface CommandErrorOptions {
  /** Of the answer over HTTP, 400–599. Default 422. */
  readonly status?: number;
  /** Whether the same call may succeed later, unchanged. Default false. */
  readonly retryable?: boolean;
  /** What else the caller is told: anything that has a JSON form. */
  readonly data?: unknown;
  readonly cause?: unknown;
}

/**
 * A command's own fault: what its handler throws for its caller to see. The code is `[A-Z][A-Z0-9_]{0,63}`, and none of
 * those in docs/reference/errors.md. Everything else that a handler throws is logged and told as `COMMAND_FAILED`.
 *
 * @throws {TypeError} for another code or status
 */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly code: string;
  readonly status: number;
  readonly retryable: boolean;
  readonly data: unknown;

  constructor(code: string, message: string, options: CommandErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    const { status = DEFAULT_STATUS, retryable = false, data } = options;
    if (!isOwnCode(code)) {
      throw new TypeError(
        `${JSON.stringify(code)} cannot be a command's own code; use [A-Z][A-Z0-9_]{0,63}, and none of the server's.`,
      );
    }
    if (!Number.isInteger(status) || status < 400 || status > 599)
      throw new TypeError(`the status of a command's fault is ${status}; it must be from 400 to 599.`);
    this.code = code;
    this.status = status;
    this.retryable = retryable;
    this.data = data;
  }
}

/** A fault as every transport tells it. */
export interface Fault {
  readonly code: string;
  readonly title: string;
  readonly message: string;
  readonly status: number;
  readonly retryable: boolean;
  /** JSON. */
  readonly data?: string;
  /** Whether it is the command's own: then it is an outcome like an answer, and remembered like one. */
  readonly isOwn: boolean;
  /** What an in-process caller is thrown. */
  readonly error: Error;
}

/** How a command ended: its answer as JSON, none where it has none, or a fault. */
export type Outcome =
  | { readonly ok: true; readonly json: string | undefined }
  | { readonly ok: false; readonly fault: Fault };

/** A fault of the table. `data` is JSON. */
export function tableFault(code: ErrorCode, message: string, data?: string): Fault {
  return faultOf(new TidingsError(code, message), data);
}

export function faultOf(error: TidingsError, data?: string): Fault {
  const { status, title, retryable } = ERRORS[error.code];
  const { code, message } = error;
  return {
    code,
    title,
    message,
    status,
    retryable,
    isOwn: false,
    error,
    ...(data === undefined ? {} : { data }),
  };
}

/**
 * A command's own fault.
 *
 * @throws when its data has no JSON form
 */
export function ownFault(error: CommandError): Fault {
  const { code, message, status, retryable } = error;
  const data = error.data === undefined ? undefined : toJson(error.data);
  const title = "The command refused";
  return {
    code,
    title,
    message,
    status,
    retryable,
    isOwn: true,
    error,
    ...(data === undefined ? {} : { data }),
  };
}

/**
 * A value's JSON; `undefined` for `undefined`.
 *
 * @throws {TypeError} for what has no JSON form: functions and symbols, and what `JSON.stringify` refuses
 */
export function toJson(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  const json = JSON.stringify(value) as string | undefined;
  if (json === undefined) throw new TypeError(`a ${typeof value} has no JSON form`);
  return json;
}

/** Refuses what an input schema refused: the issues, for people in the message and for programs beside it. */
export class InputInvalidError extends TidingsError {
  /** JSON. */
  readonly data: string;

  constructor(message: string, issues: readonly object[]) {
    super("COMMAND_INPUT_INVALID", message);
    this.data = JSON.stringify({ issues });
  }
}
