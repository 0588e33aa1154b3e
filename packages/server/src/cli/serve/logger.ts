import { Writable } from "node:stream";
import { type Logger, pino } from "pino";
import type { Config } from "../../config/index.ts";
import { coloursFor, isTerminal, printable } from "../terminal.ts";

/** The server's log: JSON lines for programs, one short line each for people. */
export function createLogger({ logLevel: level, logFormat: format }: Config): Logger {
  const isText = isForPeople(format);
  // Times as text: whoever reads a log line by eye should not have to count milliseconds since 1970.
  return pino({ level, timestamp: pino.stdTimeFunctions.isoTime }, isText ? new TextLines() : process.stdout);
}

/** Whether what the server says is for people: asked for, or on a terminal. */
export function isForPeople(format: Config["logFormat"]): boolean {
  return format === "text" || (format === "auto" && isTerminal(process.stdout));
}

/** Turns pino's JSON lines into text for a terminal. */
class TextLines extends Writable {
  constructor() {
    super({ decodeStrings: false });
  }

  override _write(
    line: string | Buffer,
    _encoding: BufferEncoding,
    done: (error?: Error | null) => void,
  ): void {
    process.stdout.write(formatLine(line.toString()), (error) => done(error));
  }
}

interface LogLine {
  readonly level: number;
  readonly time: string;
  readonly msg?: string;
  readonly err?: { readonly message?: string; readonly stack?: string };
  readonly [field: string]: unknown;
}

function formatLine(line: string): string {
  const {
    level,
    time,
    msg = "",
    err,
    pid: _pid,
    hostname: _hostname,
    ...fields
  } = JSON.parse(line) as LogLine;
  const { dim, red, yellow } = coloursFor(process.stdout);
  const name = pino.levels.labels[level] ?? String(level);
  const label = level >= 50 ? red(name) : level >= 40 ? yellow(name) : name;
  const details = Object.entries(fields).map(([field, value]) =>
    dim(`${field}=${typeof value === "string" ? value : JSON.stringify(value)}`),
  );
  const fault = err === undefined ? [] : [printable(`\n${err.stack ?? err.message ?? ""}`, false)];
  return `${dim(time.slice(11, 23))} ${label} ${[printable(msg, false), ...details].join(" ")}${fault.join("")}\n`;
}
