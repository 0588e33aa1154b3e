import { openSync } from "node:fs";
import type { LogLevel } from "../shared/evaluation.ts";
import { writeWhole } from "./write-whole.ts";
import { LineSplitter } from "./lines.ts";

/** Bytes of output without a line end that are held; then they are a line by themselves. */
export const MAX_LINE_BYTES = 8_192;
/** Bytes of the notice that the log is full: it always fits. */
const NOTICE_BYTES = 256;

const LEVEL = /^\[(debug|info|warn|error)\] ?/;

/**
 * `log.txt`: `<RFC 3339, milliseconds, UTC> <level> <text>` a line. Written synchronously: the evaluation's pipe is
 * not read meanwhile, so that a disk that is slower than the output slows the output, and nothing is held in memory.
 */
export class LogFile {
  readonly #fd: number;
  readonly #maxBytes: number;
  #bytes = 0;
  #dropped = 0;
  #droppedBytes = 0;
  #batch: string[] = [];
  #batchBytes = 0;

  /** @param maxBytes of the file; what comes after is dropped, counted, and told by {@link LogFile.end} */
  constructor(path: string, maxBytes: number) {
    this.#fd = openSync(path, "ax", 0o600);
    this.#maxBytes = maxBytes - NOTICE_BYTES;
  }

  /** Of what is in the file. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes what an output stream of the evaluation gives; what it answers takes the stream's end. */
  reader(fallback: LogLevel): { push: (chunk: Buffer) => void; end: () => void } {
    let time = "";
    const lines = new LineSplitter(MAX_LINE_BYTES, (line) => this.#add(time, fallback, line.toString()));
    return {
      push: (chunk) => {
        time = new Date().toISOString();
        lines.push(chunk);
        this.#flush();
      },
      end: () => {
        time = new Date().toISOString();
        lines.end();
        this.#flush();
      },
    };
  }

  /** A line of the platform's own. */
  say(level: LogLevel, text: string): void {
    this.#add(new Date().toISOString(), level, `[${level}] [platform] ${text}`);
    this.#flush();
  }

  end(): void {
    if (this.#dropped === 0) return;
    const limit = this.#maxBytes + NOTICE_BYTES;
    this.#batch.push(
      `${new Date().toISOString()} warn [platform] ${this.#dropped} more lines (${this.#droppedBytes} bytes) were dropped: the log may have ${limit} bytes (limits.maxLogBytes)\n`,
    );
    this.#flush();
  }

  #add(time: string, fallback: LogLevel, whole: string): void {
    const level = LEVEL.exec(whole);
    const text = level === null ? whole : whole.slice(level[0].length);
    const line = `${time} ${level?.[1] ?? fallback} ${text}\n`;
    const bytes = Buffer.byteLength(line);
    // Once one was dropped all are: the log is the beginning of the output, without holes.
    if (this.#dropped > 0 || this.#bytes + this.#batchBytes + bytes > this.#maxBytes) {
      this.#dropped += 1;
      this.#droppedBytes += bytes;
      return;
    }
    this.#batch.push(line);
    this.#batchBytes += bytes;
  }

  #flush(): void {
    if (this.#batch.length === 0) return;
    const bytes = Buffer.from(this.#batch.join(""));
    this.#batch = [];
    this.#batchBytes = 0;
    writeWhole(this.#fd, bytes);
    this.#bytes += bytes.length;
  }
}
