import type { AppendOptions, Retention } from "@tidings/core";
import { IDEMPOTENCY_MS, messageBytes, type NewMessage } from "@tidings/protocol";
import { textOf } from "./log-harness.ts";

interface ModelMessage {
  readonly text: string;
  readonly timeMs: number;
  readonly bytes: number;
}

interface ModelChannel {
  /** All that was ever appended: the one at offset 1 first. */
  readonly all: ModelMessage[];
  /** Offset of the first that is held. */
  earliest: number;
  readonly keys: Map<string, { readonly offset: number; readonly untilMs: number }>;
}

/** A contiguous log in the plainest words there are: what a real one is compared with. */
export class LogModel {
  readonly channels: Map<string, ModelChannel> = new Map();

  append(
    name: string,
    batch: readonly NewMessage[],
    isConditionMet: boolean,
    options: Pick<AppendOptions, "idempotencyKey">,
    nowMs: number,
  ): { readonly offset: number; readonly appended: number } | "conflict" {
    const channel: ModelChannel = this.channels.get(name) ?? { all: [], earliest: 1, keys: new Map() };
    const recall = (key: string): number | undefined => {
      const known = channel.keys.get(key);
      return known !== undefined && known.untilMs > nowMs ? known.offset : undefined;
    };
    const { idempotencyKey: whole } = options;
    const repeated = whole === undefined ? undefined : recall(whole);
    if (repeated !== undefined) return { offset: repeated, appended: 0 };

    const added: ModelMessage[] = [];
    const keys = new Map<string, number>();
    let offset = channel.all.length;
    for (const message of batch) {
      const { idempotencyKey: key } = message;
      const first = key === undefined ? undefined : (keys.get(key) ?? recall(key));
      if (first !== undefined) {
        offset = first;
        continue;
      }
      added.push({ text: textOf(message), timeMs: nowMs, bytes: messageBytes(message) });
      offset = channel.all.length + added.length;
      if (key !== undefined) keys.set(key, offset);
    }
    if (added.length > 0 && !isConditionMet) return "conflict";
    if (whole !== undefined && batch.length > 0) keys.set(whole, offset);
    channel.all.push(...added);
    for (const [key, at] of keys) channel.keys.set(key, { offset: at, untilMs: nowMs + IDEMPOTENCY_MS });
    if (channel.all.length > 0) this.channels.set(name, channel);
    return { offset, appended: added.length };
  }

  truncate(name: string, upTo: number): void {
    const channel = this.channels.get(name);
    if (channel === undefined) return;
    channel.earliest = Math.max(channel.earliest, Math.min(upTo, channel.all.length) + 1);
  }

  /** Drops what the retention does not keep: from the oldest on, while anything is exceeded. */
  retain(retention: Retention, nowMs: number): void {
    for (const channel of this.channels.values()) {
      for (; channel.earliest <= channel.all.length; channel.earliest++) {
        const held = channel.all.slice(channel.earliest - 1);
        const bytes = held.reduce((sum, message) => sum + message.bytes, 0);
        const ageMs = nowMs - (held[0]?.timeMs ?? nowMs);
        if (
          held.length <= retention.maxMessages &&
          bytes <= retention.maxBytes &&
          ageMs <= retention.maxAgeMs
        )
          break;
      }
    }
  }

  head(name: string): number {
    return this.channels.get(name)?.all.length ?? 0;
  }

  earliest(name: string): number {
    return this.channels.get(name)?.earliest ?? 1;
  }

  /** What is held from an offset on. */
  held(name: string, from = 1): readonly ModelMessage[] {
    return this.channels.get(name)?.all.slice(Math.max(this.earliest(name), from) - 1) ?? [];
  }
}
