import type { Retention } from "@tidings/core";
import { messageBytes, type NewMessage } from "@tidings/protocol";
import { textOf } from "./log-harness.ts";

export interface HeldMessage {
  readonly offset: number;
  readonly key: string | undefined;
  readonly isDeletion: boolean;
  readonly text: string;
  readonly timeMs: number;
  readonly bytes: number;
}

/** A compact channel in the plainest words there are: what a real log is compared with. */
export class CompactModel {
  head = 0;
  earliest = 1;
  resumable = 0;
  /** In order. */
  held: readonly HeldMessage[] = [];
  /** Offset up to which a truncation has dropped values, whoever knew them. */
  truncated = 0;

  /** What the channel is about: its keys and the newest message of each. */
  get values(): ReadonlyMap<string, string> {
    return new Map(this.held.filter(isValue).map(({ key, text }) => [key as string, text]));
  }

  append(batch: readonly NewMessage[], { maxMessages, maxBytes }: Retention, nowMs: number): "full" | number {
    let next = [...this.held];
    for (const [at, message] of batch.entries()) {
      const { key, kind } = message;
      if (key !== undefined) next = next.filter((each) => each.key !== key);
      next.push({
        offset: this.head + at + 1,
        key,
        isDeletion: kind === "none",
        text: textOf(message),
        timeMs: nowMs,
        bytes: messageBytes(message),
      });
    }
    const [before, after] = [sizeOf(this.held.filter(isValue)), sizeOf(next.filter(isValue))];
    if (after.count > maxMessages && after.count > before.count) return "full";
    if (after.bytes > maxBytes && after.bytes > before.bytes) return "full";
    this.held = next;
    this.head += batch.length;
    return this.head;
  }

  truncate(upTo: number): void {
    const last = Math.min(upTo, this.head);
    if (this.head === 0) return;
    this.held = this.held.filter(({ offset }) => offset > last);
    this.earliest = Math.max(this.earliest, last + 1);
    this.resumable = Math.max(this.resumable, this.earliest - 1);
    this.truncated = Math.max(this.truncated, last);
  }

  /** Drops deletions, and what has no key, from the oldest on while anything is exceeded. */
  retain({ maxMessages, maxBytes, maxAgeMs }: Retention, nowMs: number): void {
    for (;;) {
      const rest = this.held.filter((message) => !isValue(message));
      const [first] = rest;
      const { count, bytes } = sizeOf(rest);
      if (first === undefined) return;
      if (count <= maxMessages && bytes <= maxBytes && nowMs - first.timeMs <= maxAgeMs) return;
      this.held = this.held.filter((message) => message !== first);
      this.resumable = Math.max(this.resumable, first.offset);
    }
  }

  page(after: number, maxMessages: number, maxBytes: number): readonly HeldMessage[] {
    const page: HeldMessage[] = [];
    let bytes = 0;
    for (const message of this.held.filter(({ offset }) => offset > after)) {
      bytes += message.bytes;
      if (page.length > 0 && (page.length >= maxMessages || bytes > maxBytes)) break;
      page.push(message);
    }
    return page;
  }
}

function isValue({ key, isDeletion }: HeldMessage): boolean {
  return key !== undefined && !isDeletion;
}

function sizeOf(messages: readonly HeldMessage[]): { readonly count: number; readonly bytes: number } {
  return { count: messages.length, bytes: messages.reduce((sum, { bytes }) => sum + bytes, 0) };
}
