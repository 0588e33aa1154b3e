import { channelOf, type LinesMessage, type SkippedMessage } from "../../shared/channels.ts";
import { LIMITS } from "../../shared/limits.ts";
import type { Rules } from "../rules.ts";
import type { Alerts } from "./alerts.ts";
import { Budget } from "./budget.ts";
import type { Growth } from "./growth.ts";
import { LinesReader } from "./lines-reader.ts";
import type { Marks } from "./marks.ts";
import type { Teller } from "./teller.ts";

/** Bytes of the log in one message, about; a line may have more. */
const PART_BYTES = 65_536;
/** How long lines that are passed over are gathered before they are told, in milliseconds. */
const SKIPPED_MS = 250;
/** `2026-01-01T00:00:00.000Z` and a space. */
const TIME_CHARS = 25;

export interface LogFollowerOptions {
  readonly id: string;
  readonly path: string;
  readonly teller: Teller;
  readonly marks: Marks;
  readonly growth: Growth;
  readonly alerts: Alerts;
  readonly rules: Rules;
  /** Told how far it is. */
  readonly onRead: (lines: number, bytes: number) => void;
}

/** Brings a run's log to its channel, and looks for alerts in it. */
export class LogFollower {
  readonly #options: LogFollowerOptions;
  readonly #budget = new Budget(performance.now());
  #lines: number;
  #skipped: { message: SkippedMessage; sinceMs: number } | undefined;

  constructor(options: LogFollowerOptions) {
    this.#options = options;
    this.#lines = options.marks.log.lines;
  }

  /** Bytes of the log that everybody was told of, or told that they are there. */
  get position(): number {
    return this.#options.marks.log.position;
  }

  /** Follows until there will be nothing more, and all of it is told. */
  async follow(signal: AbortSignal): Promise<void> {
    const { path, marks, growth } = this.#options;
    const reader = await LinesReader.open(path, marks.log.position, PART_BYTES);
    try {
      for (;;) {
        signal.throwIfAborted();
        const part = await reader.next(growth.sizes.log);
        if (part !== undefined) await this.#take(part.text.split("\n"), part.end, reader.position);
        else {
          await this.#flush();
          growth.wake();
          if (growth.isFinal) return;
          await growth.changed();
        }
      }
    } finally {
      await reader.close();
    }
  }

  async #take(lines: readonly string[], end: number, position: number): Promise<void> {
    const { id, teller, marks, onRead } = this.#options;
    const from = this.#lines + 1;
    // Alerts first: what the log's channel says was published, was searched.
    await this.#search(lines, from);
    this.#lines += lines.length;
    const bytes = end - (this.#skipped?.message.position ?? marks.log.position);
    if (this.#budget.take(lines.length, bytes, performance.now())) {
      await this.#flush();
      const data: LinesMessage = { from, lines: [...lines], position };
      await teller.tell(channelOf(id, "log"), "lines", data, { once: `lines ${position}` });
      marks.log.position = position;
      marks.log.lines = this.#lines;
    } else {
      const first = this.#skipped?.message.from ?? from;
      this.#skipped = {
        message: { from: first, count: this.#lines - first + 1, position },
        sinceMs: this.#skipped?.sinceMs ?? performance.now(),
      };
      if (performance.now() - this.#skipped.sinceMs >= SKIPPED_MS) await this.#flush();
    }
    onRead(this.#lines, position);
  }

  async #flush(): Promise<void> {
    if (this.#skipped === undefined) return;
    const { id, teller, marks } = this.#options;
    const { message } = this.#skipped;
    this.#skipped = undefined;
    await teller.tell(channelOf(id, "log"), "skipped", message, { once: `skipped ${message.position}` });
    marks.log.position = message.position;
    marks.log.lines = message.from + message.count - 1;
  }

  async #search(lines: readonly string[], from: number): Promise<void> {
    const { rules, alerts } = this.#options;
    if (rules.size === 0) return;
    for (const [at, line] of lines.entries()) {
      const text = textOf(line);
      for (const { rule, index } of rules.match(text)) {
        const number = from + at;
        await alerts.add(
          {
            severity: rule.severity,
            rule: rule.name,
            title: rule.title,
            text,
            line: number,
            at: line.slice(0, TIME_CHARS - 1),
          },
          // From 1 on: 0 is before the first.
          { logMark: number * LIMITS.maxRules + index },
        );
      }
    }
  }
}

/** A log line without its time and level. */
function textOf(line: string): string {
  return line.slice(line.indexOf(" ", TIME_CHARS) + 1);
}
