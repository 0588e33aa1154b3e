import type { AppendOptions, Appended, Log, LogOptions, LogPage, PageLimits, Retention } from "@tidings/core";
import type { Message, NewMessage, Offset } from "@tidings/protocol";
import type { OpenedLog, OpenLog } from "./opened-log.ts";
import { TailRecorder } from "./tail-recorder.ts";

const UNBOUNDED: Retention = {
  maxMessages: Number.POSITIVE_INFINITY,
  maxBytes: Number.POSITIVE_INFINITY,
  maxAgeMs: Number.POSITIVE_INFINITY,
};
/** A page that is not cut. */
export const WHOLE: PageLimits = { maxMessages: 1_000_000, maxBytes: 1_000_000_000 };

let epochs = 0;

/** One log under test, with a clock that stands until it is told and a retention that keeps everything until it is told. */
export class LogHarness implements AsyncDisposable {
  /** Where the clock stands, in milliseconds since 1970-01-01 UTC. */
  nowMs = 1_700_000_000_000;
  retention: Retention = UNBOUNDED;
  #opened: OpenedLog | undefined;
  #log: Log | undefined;

  static async start(open: OpenLog, retention: Partial<Retention> = {}): Promise<LogHarness> {
    const harness = new LogHarness();
    harness.retention = { ...UNBOUNDED, ...retention };
    harness.#opened = await open(harness.#options());
    harness.#log = harness.#opened.log;
    return harness;
  }

  get log(): Log {
    if (this.#log === undefined) throw new Error("the log is not open yet");
    return this.#log;
  }

  /** Closes the log and opens it again, as a restart of its server would. */
  async restart(): Promise<void> {
    this.#log = await this.#opened?.restart();
  }

  /** Appends text messages as one batch. */
  append(channel: string, texts: readonly string[], options?: AppendOptions): Promise<Appended> {
    return this.log.append(
      channel,
      texts.map((each) => text(each)),
      options,
    );
  }

  read(channel: string, after = 0, limits: Partial<PageLimits> = {}): Promise<LogPage> {
    return this.log.read(channel, after as Offset, { ...WHOLE, ...limits });
  }

  /** All payloads held, as text. */
  async texts(channel: string, after = 0): Promise<readonly string[]> {
    return (await this.read(channel, after)).messages.map((message) => textOf(message));
  }

  record(): TailRecorder {
    return new TailRecorder(this.log);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened?.[Symbol.asyncDispose]();
  }

  #options(): LogOptions {
    return {
      retentionOf: () => this.retention,
      nowMs: () => this.nowMs,
      newEpoch: () => `epoch${++epochs}`,
    };
  }
}

export function text(data: string, more: Partial<NewMessage> = {}): NewMessage {
  return { event: "message", kind: "text", data: new TextEncoder().encode(data), ...more };
}

export function textOf(message: Pick<Message, "data">): string {
  return new TextDecoder().decode(message.data);
}

/** Offsets of messages, for comparing. */
export function offsetsOf(messages: readonly Message[]): readonly number[] {
  return messages.map(({ offset }) => offset);
}

/** `count` texts that tell each other apart. */
export function texts(count: number, name = "m"): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${name}${index}`);
}
