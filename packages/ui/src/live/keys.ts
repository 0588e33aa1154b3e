/** Milliseconds between the two keys of `g c`. */
const CHORD_MS = 1_000;

type Act = (event: KeyboardEvent) => void;

/** Whether somebody types: then letters are no shortcuts. */
function isTyping(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement | null;
  if (target === null) return false;
  return target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName);
}

/**
 * Shortcuts of one key, or of two one after the other (`"g c"`): without modifiers, not while somebody types, not behind a dialog.
 * Answers what ends them.
 */
export function onKeys(keys: Readonly<Record<string, Act>>): () => void {
  let first = "";
  let firstUntil = 0;
  const listen = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (isTyping(event) || document.querySelector("dialog[open]") !== null) return;
    const chord = event.timeStamp < firstUntil ? `${first} ${event.key}` : event.key;
    // A key right after another that begins nothing here is a key by itself.
    const name = [chord, event.key].find((known) => Object.hasOwn(keys, known));
    const act = name === undefined ? undefined : keys[name];
    first = event.key;
    firstUntil = event.timeStamp + CHORD_MS;
    if (act === undefined) return;
    firstUntil = 0;
    event.preventDefault();
    act(event);
  };
  addEventListener("keydown", listen);
  return () => removeEventListener("keydown", listen);
}
