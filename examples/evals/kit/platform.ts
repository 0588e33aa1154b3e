import { writeSync } from "node:fs";
import { Socket } from "node:net";
import {
  MAX_COMMAND_LENGTH,
  parseCommand,
  RefusedError,
  type Command,
  type EvaluationEvent,
} from "./wire.ts";

/** The two lines to the platform: events go out, commands come in. */
export interface Platform {
  readonly emit: (event: EvaluationEvent) => void;
  /** Starts to read commands. `lost` is called when nobody is at the other end any more. */
  readonly listen: (command: (command: Command) => void, lost: () => void) => void;
}

/**
 * By file descriptors 3 and 4 when the platform started this process (it sets `EVAL_ID`). By hand, those numbers
 * are Node's own: events are then printed to stderr, and there are no commands.
 */
export function platform(): Platform {
  if (process.env["EVAL_ID"] === undefined) {
    return { emit: (event) => void process.stderr.write(`${JSON.stringify(event)}\n`), listen: () => {} };
  }
  const emit = (event: EvaluationEvent): void => writeWhole(3, `${JSON.stringify(event)}\n`);
  return { emit, listen: (command, lost) => listen(emit, command, lost) };
}

function listen(emit: Platform["emit"], command: (command: Command) => void, lost: () => void): void {
  const socket = new Socket({ fd: 4, readable: true, writable: false });
  // The work keeps the process alive, not the wish to hear commands: it ends when the work does.
  socket.unref();
  socket.setEncoding("utf8");
  let rest = "";
  socket.on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    // A line without an end must not grow for ever: what is too long already is kept as just that.
    if (rest.length > MAX_COMMAND_LENGTH) rest = rest.slice(0, MAX_COMMAND_LENGTH + 1);
    for (const line of lines) {
      if (line.trim() === "") continue;
      try {
        command(parseCommand(line));
      } catch (error) {
        if (!(error instanceof RefusedError)) throw error;
        emit({ type: "reply", id: error.id, ok: false, error: error.message });
      }
    }
  });
  socket.on("error", lost);
  socket.on("end", lost);
}

const waiter = new Int32Array(new SharedArrayBuffer(4));

/** Writes before it returns, so that nothing is lost by a crash right after; waits 1 ms while the pipe is full. */
function writeWhole(fd: number, text: string): void {
  let bytes = Buffer.from(text);
  while (bytes.length > 0) {
    try {
      bytes = bytes.subarray(writeSync(fd, bytes));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // Nobody reads any more: the end of fd 4 says so too, and stops the evaluation in good order.
      if (code === "EPIPE") return;
      if (code !== "EAGAIN") throw error;
      Atomics.wait(waiter, 0, 0, 1);
    }
  }
}
