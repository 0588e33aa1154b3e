import { byId, setHidden } from "./dom.ts";
import { formatCount } from "./format.ts";
import { hueOf } from "./row.ts";

/** Most events that get a button; a channel may have any number of names. */
const MOST_CHIPS = 24;

/** A button for each event that was seen, to see only those that are pressed. */
export class EventChips {
  readonly #element = byId("chips");
  readonly #changed: () => void;
  readonly #chips = new Map<string, { readonly button: HTMLButtonElement; count: number; shown: number }>();
  readonly #pressed = new Set<string>();

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** The events to see; empty for all. */
  get pressed(): ReadonlySet<string> {
    return this.#pressed;
  }

  count(event: string): void {
    const chip = this.#chips.get(event);
    if (chip !== undefined) chip.count++;
    else if (this.#chips.size < MOST_CHIPS) this.#add(event);
  }

  /** Writes the counts that have changed. */
  draw(): void {
    // One event alone is nothing to choose from.
    setHidden(this.#element, this.#chips.size < 2);
    for (const chip of this.#chips.values()) {
      if (chip.shown === chip.count) continue;
      chip.shown = chip.count;
      (chip.button.lastElementChild as HTMLElement).textContent = formatCount(chip.count);
    }
  }

  #add(event: string): void {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "chip";
    button.setAttribute("aria-pressed", "false");
    button.style.setProperty("--hue", String(hueOf(event)));
    const name = document.createElement("span");
    name.className = "chip-name";
    name.textContent = event;
    const count = document.createElement("span");
    count.className = "chip-count";
    button.append(name, " ", count);
    button.addEventListener("click", () => this.#toggle(event, button));
    this.#element.append(button);
    this.#chips.set(event, { button, count: 1, shown: 0 });
  }

  #toggle(event: string, button: HTMLButtonElement): void {
    if (!this.#pressed.delete(event)) this.#pressed.add(event);
    button.setAttribute("aria-pressed", String(this.#pressed.has(event)));
    this.#changed();
  }
}
