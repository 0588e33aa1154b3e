import { type Cursor, type NewMessage, type Offset, toOffset, type WireFormat } from "@tidings/protocol";
import {
  DEFAULT_RETENTION,
  Hub,
  type HubOptions,
  type Log,
  MemoryLog,
  type Retention,
} from "../../src/index.ts";

/** A message whose payload is a number. */
export function number(value: number, event = "message"): NewMessage {
  return { event, kind: "json", data: new TextEncoder().encode(String(value)) };
}

/** A message whose payload has this many bytes. */
export function sized(bytes: number, event = "message"): NewMessage {
  return { event, kind: "bytes", data: new Uint8Array(bytes) };
}

export const PAGE = { maxMessages: 1_000, maxBytes: 1_048_576 };

export function cursor(epoch: string, offset: number): Cursor {
  return { epoch, offset: toOffset(offset) };
}

export function offset(value: number): Offset {
  return toOffset(value);
}

/** Writes `channel/offset=payload;` and counts how often it was asked to. */
export class CountingFormat implements WireFormat {
  readonly name: string;
  writes = 0;

  constructor(name = "counting") {
    this.name = name;
  }

  readonly write: WireFormat["write"] = (writer, message, source) => {
    this.writes++;
    const data =
      message.kind === "bytes" ? `${message.data.length} bytes` : new TextDecoder().decode(message.data);
    writer.text(`${source.channel}/${message.offset}=${data};`);
  };
}

export function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** The turns of an event loop that go by only when told to. */
export class Turns {
  #waiting: (() => void)[] = [];
  /** How often something asked for the end of the turn. */
  deferred = 0;

  readonly defer = (callback: () => void): void => {
    this.deferred++;
    this.#waiting.push(callback);
  };

  get isIdle(): boolean {
    return this.#waiting.length === 0;
  }

  /** Ends the turn: what was deferred runs, what it defers in its course waits for the next one. */
  end(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const callback of waiting) callback();
  }

  /** Lets turns go by until nothing is deferred and all promises have settled. */
  async settle(): Promise<void> {
    await settled();
    for (let turn = 0; !this.isIdle; turn++) {
      if (turn > 10_000) throw new Error("the turns never end");
      this.end();
      await settled();
    }
  }
}

/** Once all promises that can settle by themselves have. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export interface Opened {
  readonly hub: Hub;
  readonly log: MemoryLog;
  readonly turns: Turns;
  readonly clock: { nowMs: number };
  /** Appends messages with these numbers as payloads, as one. */
  readonly publish: (channel: string, ...values: readonly number[]) => Promise<void>;
}

export interface OpenOptions extends Partial<Omit<HubOptions, "log" | "defer" | "nowMs">> {
  readonly retention?: Partial<Retention>;
  /** Default `e1`. */
  readonly epoch?: string;
  /** Puts something between the hub and the memory log. */
  readonly wrap?: (log: MemoryLog) => Log;
}

/** A hub on a memory log, with time and turns under the test's control. */
export function openHub({ retention, wrap, epoch = "e1", ...options }: OpenOptions = {}): Opened {
  const turns = new Turns();
  const clock = { nowMs: 1_000_000 };
  const nowMs = (): number => clock.nowMs;
  const log = new MemoryLog({
    retentionOf: () => ({ ...DEFAULT_RETENTION, ...retention }),
    nowMs,
    newEpoch: () => epoch,
  });
  const hub = new Hub({ ...options, log: wrap?.(log) ?? log, defer: turns.defer, nowMs });
  const publish = async (channel: string, ...values: readonly number[]): Promise<void> => {
    await log.append(
      channel,
      values.map((value) => number(value)),
    );
  };
  return { hub, log, turns, clock, publish };
}
