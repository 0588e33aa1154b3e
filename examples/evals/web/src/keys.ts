/** Whether somebody types: then letters are no shortcuts. */
function isTyping(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement | null;
  if (target === null) return false;
  return target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName);
}

/** A shortcut of one letter: without modifiers, not while typing, not behind a dialog. Answers what ends it. */
export function onKeys(keys: Readonly<Record<string, (event: KeyboardEvent) => void>>): () => void {
  const listen = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (isTyping(event) || document.querySelector("dialog[open]") !== null) return;
    const act = Object.hasOwn(keys, event.key) ? keys[event.key] : undefined;
    if (act === undefined) return;
    event.preventDefault();
    act(event);
  };
  addEventListener("keydown", listen);
  return () => removeEventListener("keydown", listen);
}

export const SHORTCUTS: readonly (readonly [keys: string, what: string])[] = [
  ["j / k, ↓ / ↑", "next, previous run in the list"],
  ["Enter", "open it"],
  ["/", "search the list, or the log"],
  ["n", "new run"],
  ["g then l / o", "go to the list, the overview"],
  ["1 … 7", "the parts of a run"],
  ["f", "follow the end of the log"],
  ["Enter / Shift+Enter", "in the search: next, previous match"],
  ["Home / End", "in the log: its first, its last line"],
  ["?", "this help"],
];
