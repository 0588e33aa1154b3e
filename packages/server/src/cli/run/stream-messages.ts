import type { Outgoing } from "../delivery/outgoing.ts";
import { isText, LineSplitter, type Piece } from "../delivery/line-splitter.ts";
import { findProgress, type Progress, withoutColours } from "./progress.ts";

export type StreamName = "stdout" | "stderr";

/** Longer lines are cut into parts. */
const MAX_LINE_BYTES = 65_536;
/** Progress is told at most this often: a bar that is drawn a thousand times a second would drive out the lines. */
const PROGRESS_MS = 100;

export interface StreamMessagesOptions {
  readonly name: StreamName;
  readonly emit: (message: Outgoing) => void;
  readonly nowMs: () => number;
}

/**
 * Makes messages of what a command writes to one of its streams: a `stdout` (or `stderr`) message a line,
 * `stdout.part` for the parts before the last of a line too long for one, and `progress` for what is written over by
 * carriage returns and for lines that name a percentage or `N/M`. Text that is not UTF-8 travels as bytes.
 *
 * Of progress that comes faster than ten times a second the newest is kept; what was written over is told before the
 * next line.
 */
export class StreamMessages {
  readonly #options: StreamMessagesOptions;
  readonly #splitter: LineSplitter;
  #waiting: { readonly progress: Progress; readonly from: "update" | "line" } | undefined;
  #toldAtMs = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: StreamMessagesOptions) {
    this.#options = options;
    this.#splitter = new LineSplitter(MAX_LINE_BYTES, (piece) => this.#take(piece));
  }

  push(chunk: Buffer): void {
    this.#splitter.push(chunk);
  }

  end(): void {
    this.#splitter.end();
    this.#tellWaiting();
  }

  #take({ kind, bytes }: Piece): void {
    const { name, emit } = this.#options;
    if (kind === "update") {
      const text = bytes.toString();
      this.#progress(findProgress(text) ?? { text: withoutColours(text).trim() }, "update");
      return;
    }
    // What was written over stood before this line; progress that a line named may be told at any time.
    if (this.#waiting?.from === "update") this.#tellWaiting();
    const isLineText = isText(bytes);
    emit({
      event: kind === "line" ? name : `${name}.part`,
      kind: isLineText ? "text" : "bytes",
      data: bytes,
    });
    const found = kind === "line" && isLineText ? findProgress(bytes.toString("utf8", 0, 1_000)) : undefined;
    if (found !== undefined) this.#progress(found, "line");
  }

  #progress(progress: Progress, from: "update" | "line"): void {
    if (progress.text === "") return;
    this.#waiting = { progress, from };
    const leftMs = this.#toldAtMs + PROGRESS_MS - this.#options.nowMs();
    if (leftMs <= 0) this.#tellWaiting();
    else this.#timer ??= setTimeout(() => this.#tellWaiting(), leftMs).unref();
  }

  #tellWaiting(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#waiting === undefined) return;
    const { name, emit, nowMs } = this.#options;
    const data = Buffer.from(JSON.stringify({ stream: name, ...this.#waiting.progress }));
    this.#waiting = undefined;
    this.#toldAtMs = nowMs();
    emit({ event: "progress", key: `progress/${name}`, kind: "json", data });
  }
}
