import type { Log, TailEvent } from "@tidings/core";
import type { Message, NewMessage, Offset } from "@tidings/protocol";
import { setTimeout as delay } from "node:timers/promises";
import type { EngineEvent } from "../../src/logs/engine-event.ts";

export const WHOLE = { maxMessages: 1_000_000, maxBytes: 1_000_000_000 };

/** How a node's log is told to speak of its engine. */
export type OpenOnEvent = (onEvent: (event: EngineEvent) => void) => Promise<Log>;

/** A node's log on an engine, and all that its tail says. */
export class EngineNode implements AsyncDisposable {
  readonly log: Log;
  readonly heard: Message[] = [];
  readonly told: TailEvent[] = [];
  readonly events: EngineEvent[];
  readonly #waiting: Set<() => void>;

  static async open(open: OpenOnEvent): Promise<EngineNode> {
    const events: EngineEvent[] = [];
    const waiting = new Set<() => void>();
    const onEvent = (event: EngineEvent): void => {
      events.push(event);
      for (const check of waiting) check();
    };
    return new EngineNode(await open(onEvent), events, waiting);
  }

  private constructor(log: Log, events: EngineEvent[], waiting: Set<() => void>) {
    this.log = log;
    this.events = events;
    this.#waiting = waiting;
    log.tail((event) => {
      this.told.push(event);
      this.heard.push(...event.messages);
      for (const check of waiting) check();
    });
  }

  get isBack(): boolean {
    return this.events.at(-1)?.type === "back";
  }

  get texts(): readonly string[] {
    return this.heard.map(({ data }) => Buffer.from(data).toString());
  }

  /** Of one channel. */
  textsOf(channel: string): readonly string[] {
    return this.told
      .filter((event) => event.channel === channel)
      .flatMap(({ messages }) => messages.map(({ data }) => Buffer.from(data).toString()));
  }

  until(isEnough: (node: EngineNode) => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (isEnough(this)) resolve();
      };
      this.#waiting.add(check);
      check();
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.log.close();
  }
}

export function text(data: string, more: Partial<NewMessage> = {}): NewMessage {
  return { event: "message", kind: "text", data: Buffer.from(data), ...more };
}

export async function textsOf(log: Log): Promise<readonly string[]> {
  const { messages } = await log.read("a", 0 as Offset, WHOLE);
  return messages.map(({ data }) => Buffer.from(data).toString());
}

/** Publishes numbered messages until it is stopped, each again until it is taken; answers those that were acknowledged. */
export function publish(log: Log, name: string): { readonly stop: () => Promise<readonly string[]> } {
  let isStopped = false;
  const acknowledged: string[] = [];
  const done = (async () => {
    for (let at = 0; !isStopped; at++) {
      const data = `${name}${at}`;
      for (;;) {
        try {
          await log.append("a", [text(data)], { idempotencyKey: data });
          acknowledged.push(data);
          break;
        } catch {
          if (isStopped) return;
          await delay(5);
        }
      }
    }
  })();
  return {
    stop: async () => {
      isStopped = true;
      await done;
      return acknowledged;
    },
  };
}
