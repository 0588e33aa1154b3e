import { TidingsError } from "@tidings/protocol";

/** How the command line ends. `run` ends as its command does, where that is not 0. */
export const EXIT = {
  ok: 0,
  /** Anything that has no code of its own: a port in use, a file that cannot be read, a locked data folder. */
  failure: 1,
  /** The command line or the configuration is not valid. */
  usage: 2,
  /** The server cannot be reached. */
  unreachable: 3,
  /** The server answered that it will not do it (a problem, RFC 9457). */
  refused: 4,
  /** 128 and the signal's number, as shells say it. */
  interrupted: 130,
  terminated: 143,
} as const;

/** The table for the end of every command's help. */
export const EXIT_HELP = `
Exit codes: 0 done · 1 failure · 2 usage or configuration · 3 server not reachable · 4 refused by the server
            130 interrupted (Ctrl+C) · 143 terminated`;

/** A command's end that a person can do something about: one sentence for stderr, and the exit code. */
export class Failure extends Error {
  readonly exitCode: number;

  constructor(exitCode: number, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.exitCode = exitCode;
  }
}

/** The exit code that a thrown value ends the process with. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof Failure) return error.exitCode;
  const isOurs =
    error instanceof TidingsError && (error.code.endsWith("_INVALID") || error.code === "OPEN_REFUSED");
  return isOurs ? EXIT.usage : EXIT.failure;
}

/** A thrown value in words: its message, and those of its causes where they say more. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // What Node tells of several addresses tried has no message of its own.
  const own =
    error.message === "" && error instanceof AggregateError ? describeError(error.errors[0]) : error.message;
  const cause = error instanceof Failure || error.cause === undefined ? "" : describeError(error.cause);
  return cause === "" || own.includes(cause) ? own : `${own} (${cause})`;
}
