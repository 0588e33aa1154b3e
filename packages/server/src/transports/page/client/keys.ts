/** What the keyboard can do. */
export interface KeyActions {
  pause(): void;
  filter(): void;
  toTail(): void;
  help(): void;
  publish(): void;
  wrap(): void;
  move(step: 1 | -1): void;
  open(): void;
  escape(): void;
}

/** Listens for the page's keys, where they are not meant for a field, a button or the browser. */
export function listenForKeys(actions: KeyActions): void {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const target = event.target as Element;
    if (event.key === "Escape") return actions.escape();
    if (target.closest("input, textarea, select, dialog") !== null) return;
    // Space and Enter press the button that has the focus; that is no place for shortcuts of our own.
    if ((event.key === " " || event.key === "Enter") && target.closest("button, summary, a") !== null) return;
    if (!act(event.key, actions)) return;
    // Space and the arrows would scroll, and `/` opens the browser's own search in some.
    event.preventDefault();
  });
}

function act(key: string, actions: KeyActions): boolean {
  switch (key) {
    case " ":
    case "p":
      actions.pause();
      return true;
    case "/":
      actions.filter();
      return true;
    case "End":
    case "g":
    case "G":
      actions.toTail();
      return true;
    case "?":
      actions.help();
      return true;
    case "n":
      actions.publish();
      return true;
    case "w":
      actions.wrap();
      return true;
    case "ArrowDown":
    case "j":
      actions.move(1);
      return true;
    case "ArrowUp":
    case "k":
      actions.move(-1);
      return true;
    case "Enter":
      actions.open();
      return true;
    default:
      return false;
  }
}
