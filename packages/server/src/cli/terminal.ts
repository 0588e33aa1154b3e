import type { WriteStream } from "node:tty";
import picocolors from "picocolors";

type Colours = ReturnType<typeof picocolors.createColors>;

/** Colours for a stream: only on a terminal, and not where `NO_COLOR` is set (no-color.org) or the terminal is dumb. */
export function coloursFor(stream: NodeJS.WriteStream): Colours {
  return picocolors.createColors(hasColours(stream));
}

export function hasColours(stream: NodeJS.WriteStream): boolean {
  const { NO_COLOR, TERM } = process.env;
  return isTerminal(stream) && (NO_COLOR === undefined || NO_COLOR === "") && TERM !== "dumb";
}

export function isTerminal(stream: NodeJS.WriteStream): boolean {
  return (stream as Partial<WriteStream>).isTTY === true;
}

/**
 * Writes to standard output, and resolves once the system has it: while whoever reads it is behind nothing piles up here, and
 * what would be gone with a process that is killed is not taken for printed.
 */
export async function print(text: string | Uint8Array): Promise<void> {
  const { stdout } = process;
  // Once its reader is gone a stream takes nothing any more.
  if (!stdout.writable) return;
  stdout.write(text);
  if (stdout.writableLength === 0) return;
  await new Promise<void>((resolve, reject) => {
    stdout.write("", (error) => {
      if (error === undefined || error === null || isBrokenPipe(error)) resolve();
      else reject(error);
    });
  });
}

/** A line for the person at the terminal, on stderr: stdout is for what the command is for. */
export function note(text: string): void {
  process.stderr.write(`${coloursFor(process.stderr).dim("tidings:")} ${text}\n`);
}

/**
 * Takes it quietly when whoever reads an output goes away, as in `tidings subscribe … | head -1`: a server and a
 * publish go on, and a command that has nothing else to do ends by its own listener.
 */
export function surviveBrokenPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error) => {
      if (!isBrokenPipe(error)) throw error;
    });
  }
}

/** Calls when whoever reads standard output has gone away. */
export function onReaderGone(act: () => void): void {
  process.stdout.on("error", act);
}

function isBrokenPipe(error: unknown): boolean {
  return ["EPIPE", "ERR_STREAM_DESTROYED"].includes((error as NodeJS.ErrnoException).code ?? "");
}

/**
 * Text that others published, made safe for a terminal: escape sequences could move the cursor, rename the window or
 * answer as if typed. Colours (SGR) may pass where `withColours`; tabs and line ends stay.
 */
export function printable(text: string, withColours: boolean): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return text.replaceAll(/\u001b\[[0-9;]*m|\r\n|[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, (found) => {
    if (found === "\r\n") return "\n";
    if (found.length > 1) return withColours ? found : "";
    return `\\x${found.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
}
