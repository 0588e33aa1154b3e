import type { Message } from "@tidings/protocol";

/** Which messages of a channel a reader wants. Two filters with the same `key` want the same, and share a lane. */
export interface Filter {
  readonly key: string;
  readonly events: ReadonlySet<string>;
}

/** Only messages with one of these events; no events at all means every message. */
export function eventFilter(events: readonly string[] = []): Filter | undefined {
  if (events.length === 0) return undefined;
  const sorted = [...new Set(events)].sort();
  return { key: JSON.stringify(sorted), events: new Set(sorted) };
}

export function applyFilter(filter: Filter | undefined, messages: readonly Message[]): readonly Message[] {
  return filter === undefined ? messages : messages.filter((message) => filter.events.has(message.event));
}
