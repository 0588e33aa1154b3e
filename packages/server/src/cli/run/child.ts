import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import { EXIT } from "../exit.ts";

/** How a command ended. */
export interface ChildEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why it could not be started at all. */
  readonly error?: string;
}

export interface Child {
  readonly pid: number | undefined;
  readonly stdout: NonNullable<ChildProcess["stdout"]>;
  readonly stderr: NonNullable<ChildProcess["stderr"]>;
  /** Settles once the command has ended and all it wrote was read. */
  readonly ended: Promise<ChildEnd>;
  /** Stops passing signals on. */
  release(): void;
}

/** Signals that are passed on, so that the command, and not this one alone, is told to stop. */
const FORWARDED: readonly NodeJS.Signals[] = ["SIGINT", "SIGQUIT", "SIGTERM", "SIGHUP", "SIGUSR2"];
/** Signals of the keyboard: a terminal sends them to the command itself too, as it is in the same group. */
const FROM_KEYBOARD: readonly NodeJS.Signals[] = ["SIGINT", "SIGQUIT"];

/** Starts the command itself, not through a shell: its arguments are what it gets. Standard input is its own. */
export function startChild(command: string, args: readonly string[]): Child {
  const process_ = spawn(command, args, { stdio: ["inherit", "pipe", "pipe"], windowsHide: true });
  const ended = new Promise<ChildEnd>((resolve) => {
    process_.once("error", (error: NodeJS.ErrnoException) => {
      if (process_.pid === undefined)
        resolve({ code: startCode(error), signal: null, error: startFault(command, error) });
    });
    // "close", not "exit": what the command wrote last may still be in its pipes.
    process_.once("close", (code, signal) => resolve({ code, signal }));
  });
  const hasTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  const forward = (signal: NodeJS.Signals): void => {
    if (!(hasTerminal && FROM_KEYBOARD.includes(signal))) process_.kill(signal);
  };
  for (const signal of FORWARDED) process.on(signal, forward);
  return {
    pid: process_.pid,
    stdout: process_.stdout,
    stderr: process_.stderr,
    ended,
    release: () => {
      for (const signal of FORWARDED) process.off(signal, forward);
    },
  };
}

/** The exit code for a command's end, as shells have it: its own, or 128 and the number of the signal it died of. */
export function exitCodeFor({ code, signal }: ChildEnd): number {
  if (signal !== null) return 128 + (constants.signals[signal] ?? 0);
  return code ?? EXIT.failure;
}

/** 127 for a command that is not there, 126 for one that may not be run (POSIX.1 XCU §2.8.2). */
function startCode(error: NodeJS.ErrnoException): number {
  return error.code === "ENOENT" ? 127 : 126;
}

function startFault(command: string, error: NodeJS.ErrnoException): string {
  if (error.code === "ENOENT") return `${command}: there is no such command`;
  return error.code === "EACCES" ? `${command}: it may not be run` : `${command}: ${error.message}`;
}
