/** Nearer than this to the end counts as at the end, in CSS pixels. */
const NEAR_END_PX = 24;
/** A scroll this long after the reader's own hand is still theirs (inertia), in milliseconds. */
const HAND_MS = 700;
const HANDS = ["wheel", "touchmove", "pointerdown", "pointermove", "keydown"] as const;

export interface TailHandler {
  isFollowing(): boolean;
  /** The reader scrolled away from the end. */
  left(): void;
  /** The end was scrolled to. */
  reached(isByHand: boolean): void;
}

/** Keeps a scroller at its end, and tells the reader's scrolling from what a change of the content does. */
export class TailScroll {
  readonly #scroller: HTMLElement;
  readonly #handler: TailHandler;
  #top = 0;
  #heights = "";
  #handAt = -Infinity;

  constructor(scroller: HTMLElement, content: HTMLElement, handler: TailHandler) {
    this.#scroller = scroller;
    this.#handler = handler;
    scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    for (const hand of HANDS)
      scroller.addEventListener(hand, (event) => this.#touched(event), { passive: true });
    // The end moves when the window or an opened row changes its size.
    const observer = new ResizeObserver(() => this.toTail());
    observer.observe(scroller);
    observer.observe(content);
  }

  /** Goes to the end, where it is followed. */
  toTail(): void {
    // Further than there is anything: to ask how far that is would be one more layout.
    if (this.#handler.isFollowing()) this.#scroller.scrollTop = 1e9;
  }

  /** Changes what is above the place in view, and stays there. */
  keepPlace(change: () => void): void {
    const below = this.#scroller.scrollHeight - this.#scroller.scrollTop;
    change();
    this.#scroller.scrollTop = this.#scroller.scrollHeight - below;
  }

  bringIntoView(element: HTMLElement): void {
    element.scrollIntoView({ block: "nearest" });
    // What follows from it is not the reader's scrolling.
    this.#handAt = -Infinity;
  }

  #touched(event: Event): void {
    // A pointer that only passes over holds nothing.
    if (event.type === "pointermove" && (event as PointerEvent).buttons === 0) return;
    this.#handAt = performance.now();
  }

  #scrolled(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    const heights = `${scrollHeight} ${clientHeight}`;
    const isUp = scrollTop < this.#top - 1;
    const isLayout = heights !== this.#heights;
    this.#top = scrollTop;
    this.#heights = heights;
    const isByHand = performance.now() - this.#handAt < HAND_MS;
    if (scrollHeight - scrollTop - clientHeight < NEAR_END_PX) this.#handler.reached(isByHand);
    // Rows that go from the top, or turn out taller than estimated, scroll too, but not without a change of height.
    // The hand alone is not enough: the browser's own search and a screen reader scroll without one.
    else if (this.#handler.isFollowing() && isUp && (isByHand || !isLayout)) this.#handler.left();
  }
}
