import { byId } from "./dom.ts";
import { type Filter, matches, SEE_ALL } from "./filter.ts";
import type { Item } from "./item.ts";
import { Rows } from "./rows.ts";
import { TailScroll } from "./tail-scroll.ts";

/** Rows kept while following. What goes from the top can be loaded again. */
const MAX_ROWS = 2_000;
/** Rows kept while the reader goes back through the channel: a whole one under the default retention. */
const MAX_LOADED_ROWS = 10_000;
/** What all rows may weigh together, in UTF-16 units: 2,000 messages of a megabyte would be the end of the tab. */
const MAX_SIZE = 32_000_000;
/** Time for new rows in one animation frame, in milliseconds; the rest waits for the next. */
const FRAME_BUDGET_MS = 6;

export interface ListHandler {
  /** Something that the page's other parts show has changed. */
  changed(): void;
  /** Rows went from the top, so there are earlier ones to load. */
  trimmed(): void;
}

/**
 * The messages on the page: always one unbroken stretch of the channel. While it follows the tail, new rows are
 * added a frame at a time; while it does not, they wait, so that nothing moves under the reader's eyes.
 */
export class MessageList {
  readonly #element = byId("rows");
  readonly #rows = new Rows(this.#element);
  readonly #scroll = new TailScroll(byId("scroller"), this.#element, {
    isFollowing: () => this.isFollowing,
    left: () => this.#leaveTail(),
    reached: (isByHand) => this.#reachTail(isByHand),
  });
  readonly #handler: ListHandler;
  #waiting: Item[] = [];
  #waitingSize = 0;
  /** Matching messages that came since the reader stopped following, kept in the queue or not. */
  #unseen = 0;
  /** Waiting items were dropped, so the next row does not follow on the last one shown. */
  #isBroken = false;
  #isAtTail = true;
  #isPaused = false;
  #filter = SEE_ALL;
  #current: HTMLElement | undefined;
  #frame = 0;

  constructor(handler: ListHandler) {
    this.#handler = handler;
    this.#element.addEventListener("click", (event) => this.#clicked(event));
    document.addEventListener("visibilitychange", () => this.#schedule());
  }

  get isFollowing(): boolean {
    return this.#isAtTail && !this.#isPaused;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** How many matching messages have come since the reader stopped following. */
  get unseen(): number {
    return this.#unseen;
  }

  get rowCount(): number {
    return this.#rows.count;
  }

  get matchingCount(): number {
    return this.#rows.matchingCount;
  }

  get isEmpty(): boolean {
    return this.#rows.count === 0 && this.#waiting.length === 0;
  }

  /** The cursor of the oldest message on the page that has one. */
  get oldestCursor(): string | undefined {
    return this.#rows.oldestCursor;
  }

  /** Whether older rows may still be put on the page. */
  get hasRoom(): boolean {
    return this.#rows.count < MAX_LOADED_ROWS && this.#rows.size < MAX_SIZE;
  }

  /** Adds what came last. */
  add(item: Item): void {
    this.#waiting.push(item);
    this.#waitingSize += item.size;
    const isUnseen = !this.isFollowing || document.hidden;
    if (isUnseen && item.kind === "message" && matches(item, this.#filter)) this.#unseen++;
    // Half again as many, so that what is over goes in one cut and not one by one.
    if (this.#waiting.length > 1.5 * MAX_ROWS || this.#waitingSize > MAX_SIZE) this.#dropWaiting();
    this.#schedule();
  }

  /** Puts older messages before the others; what the reader looks at stays where it is. */
  prepend(items: readonly Item[]): void {
    this.#isAtTail = false;
    this.#scroll.keepPlace(() => this.#rows.prepend(items));
    this.#handler.changed();
  }

  pause(): void {
    this.#isPaused = true;
    this.#handler.changed();
  }

  /** Goes to the newest message and stays there. */
  follow(): void {
    this.#isPaused = false;
    this.#isAtTail = true;
    this.#select(undefined);
    this.#trim();
    this.#schedule();
    this.#handler.changed();
  }

  filterBy(filter: Filter): void {
    this.#filter = filter;
    this.#rows.filterBy(filter);
    this.#scroll.toTail();
    this.#handler.changed();
  }

  /** Selects the next row down (1) or up (-1). */
  move(step: 1 | -1): void {
    const next = this.#rows.next(this.#current, step);
    if (next === undefined) return;
    this.#isAtTail = false;
    this.#select(next);
    this.#handler.changed();
  }

  /** Opens or closes the selected row. */
  toggleCurrent(): void {
    if (this.#current !== undefined) this.#rows.toggle(this.#current);
  }

  #leaveTail(): void {
    this.#isAtTail = false;
    this.#handler.changed();
  }

  #reachTail(isByHand: boolean): void {
    // Moving the selection to the end is not yet asking to follow.
    if (this.#isAtTail || (this.#current !== undefined && !isByHand)) return;
    this.#isAtTail = true;
    this.#select(undefined);
    this.#schedule();
    this.#handler.changed();
  }

  #select(row: HTMLElement | undefined): void {
    const hadFocus = this.#current?.contains(document.activeElement) ?? false;
    this.#current?.removeAttribute("aria-current");
    focusableOf(this.#current)?.setAttribute("tabindex", "-1");
    this.#current = row;
    if (row === undefined) {
      if (hadFocus) byId("scroller").focus({ preventScroll: true });
      return;
    }
    row.setAttribute("aria-current", "true");
    const focusable = focusableOf(row);
    focusable?.setAttribute("tabindex", "0");
    focusable?.focus({ preventScroll: true });
    this.#scroll.bringIntoView(row);
  }

  #clicked(event: MouseEvent): void {
    const target = event.target as HTMLElement;
    const row = target.closest<HTMLElement>(".row");
    if (row === null || target.closest(".details") !== null) return;
    // A click that ends a selection of text is not meant for the row.
    if (getSelection()?.isCollapsed === false) return;
    this.#isAtTail = false;
    this.#select(row);
    this.#rows.toggle(row);
    this.#handler.changed();
  }

  #schedule(): void {
    if (this.#frame === 0) this.#frame = requestAnimationFrame(() => this.#draw());
  }

  #draw(): void {
    this.#frame = 0;
    if (this.isFollowing && this.#waiting.length > 0) this.#addRows();
    if (this.isFollowing && !document.hidden) {
      this.#unseen = 0;
      this.#scroll.toTail();
    }
    this.#handler.changed();
  }

  #addRows(): void {
    if (this.#isBroken) {
      this.#rows.clear();
      this.#isBroken = false;
      this.#handler.trimmed();
    }
    const until = performance.now() + FRAME_BUDGET_MS;
    const count = this.#rows.append(this.#waiting, (added) => added % 32 !== 31 || performance.now() < until);
    for (const item of this.#waiting.splice(0, count)) this.#waitingSize -= item.size;
    this.#trim();
    if (this.#waiting.length > 0) this.#schedule();
  }

  #trim(): void {
    if (this.#rows.trim(MAX_ROWS, MAX_SIZE)) this.#handler.trimmed();
  }

  #dropWaiting(): void {
    let count = Math.max(0, this.#waiting.length - MAX_ROWS);
    let size = this.#waiting.slice(count).reduce((sum, item) => sum + item.size, 0);
    while (size > MAX_SIZE / 2 && count < this.#waiting.length - 1) size -= this.#waiting[count++]?.size ?? 0;
    this.#waiting.splice(0, count);
    this.#waitingSize = size;
    this.#isBroken = true;
  }
}

/** What takes the focus for a row: its button, or itself where it has none. */
function focusableOf(row: HTMLElement | undefined): HTMLElement | undefined {
  return row?.querySelector<HTMLElement>(".toggle") ?? row;
}
