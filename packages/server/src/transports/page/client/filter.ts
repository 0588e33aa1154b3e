import type { Item } from "./item.ts";

/** What the reader asked to see. The list keeps all; the filter hides. */
export interface Filter {
  /** Lower case; empty for all. */
  readonly text: string;
  /** Empty for all. */
  readonly events: ReadonlySet<string>;
}

export const SEE_ALL: Filter = { text: "", events: new Set() };

export function isActive({ text, events }: Filter): boolean {
  return text !== "" || events.size > 0;
}

/** Gaps always match: a filter must not hide a loss. */
export function matches(item: Item, { text, events }: Filter): boolean {
  if (item.kind !== "message") return true;
  if (events.size > 0 && !events.has(item.event)) return false;
  if (text === "") return true;
  return (
    item.payload.text.toLowerCase().includes(text) ||
    item.event.toLowerCase().includes(text) ||
    (item.key?.toLowerCase().includes(text) ?? false) ||
    item.cursor === text
  );
}
