import { type Signal, signal } from "@preact/signals";
import { onceAFrame } from "@tidings/ui";
import { tidings } from "../../live/client.ts";
import { gapLine, type Line, lineOf } from "../../logic/message-text.ts";

/** Lines that are kept; more, and the oldest go. */
const MAX_LINES = 5_000;
/** How many of the newest messages it begins with. */
const LAST = 200;

/** A channel as it goes on: what came last, and each message as it comes. */
export class Tail {
  #lines: Line[] = [];
  #shown: readonly Line[] = [];
  #count = 0;
  readonly #ended = new AbortController();
  readonly #changed: () => void;
  /** Changes when what is shown does. */
  readonly version: Signal<number> = signal(0);
  readonly isPaused: Signal<boolean> = signal(false);
  /** How many have come while it is paused. */
  readonly missed: Signal<number> = signal(0);
  readonly events: Signal<readonly string[]> = signal([]);
  readonly isReady: Signal<boolean> = signal(false);
  readonly fault: Signal<string | undefined> = signal(undefined);
  readonly event: Signal<string> = signal("");
  readonly text: Signal<string> = signal("");
  #since = 0;

  constructor(name: string) {
    this.#changed = onceAFrame(() => this.#draw());
    void this.#read(name);
  }

  get shown(): readonly Line[] {
    return this.#shown;
  }

  pause(isPaused: boolean): void {
    this.isPaused.value = isPaused;
    this.#since = this.#count;
    this.missed.value = 0;
    if (!isPaused) this.#draw();
  }

  filter(by: { readonly event?: string; readonly text?: string }): void {
    if (by.event !== undefined) this.event.value = by.event;
    if (by.text !== undefined) this.text.value = by.text;
    this.#filter();
  }

  clear(): void {
    this.#lines = [];
    this.#filter();
  }

  close(): void {
    this.#ended.abort();
  }

  async #read(name: string): Promise<void> {
    try {
      const items = tidings.channel(name).items({ last: LAST, signal: this.#ended.signal });
      for await (const item of items) {
        const key = String(++this.#count);
        if (item.type === "caught-up") this.isReady.value = true;
        else if (item.type === "gap") this.#add(gapLine(item, new Date().toISOString(), key));
        else this.#add(lineOf(item, key));
        this.#changed();
      }
    } catch (error) {
      this.fault.value = error instanceof Error ? error.message : String(error);
    }
  }

  #add(line: Line): void {
    this.#lines.push(line);
    // Not at each: that would move all the others each time.
    if (this.#lines.length > MAX_LINES * 1.2) this.#lines = this.#lines.slice(-MAX_LINES);
    if (line.kind === "message" && !this.events.peek().includes(line.event))
      this.events.value = [...this.events.peek(), line.event].sort();
  }

  #draw(): void {
    if (this.isPaused.peek()) this.missed.value = this.#count - this.#since;
    else this.#filter();
  }

  #filter(): void {
    const event = this.event.peek();
    const text = this.text.peek().toLowerCase();
    this.#shown =
      event === "" && text === ""
        ? this.#lines.slice()
        : this.#lines.filter(
            (line) =>
              line.kind === "gap" ||
              ((event === "" || line.event === event) &&
                (text === "" || `${line.text} ${line.of ?? ""}`.toLowerCase().includes(text))),
          );
    this.version.value++;
  }
}
