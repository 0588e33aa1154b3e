/**
 * The tallest element that is used, in CSS pixels. Browsers cut taller ones off: Firefox at 17,895,697, Chromium at 33,554,428,
 * both divided by the zoom; this leaves room for a zoom of 200 %.
 */
export const MAX_SCROLL_HEIGHT = 8_000_000;

/** A move up to so many viewports is one of wheel, keys or touch, and is taken pixel for pixel; a longer one drags the bar. */
const NEAR_VIEWPORTS = 3;
/** The same right after wheel or keys were used: a busy page is told of many of their moves as one. */
const STEPPED_VIEWPORTS = 50;

/**
 * Between the scroll bar of an element that is at most `MAX_SCROLL_HEIGHT` tall and a list of any length. A list that fits is
 * scrolled as it is. A longer one has two positions, the element's and the list's own (`top`): dragging the bar sets the second in
 * proportion, and small moves shift both alike, so that the wheel goes as fast as anywhere. The difference that is left by that is
 * taken back while nobody scrolls, or at an end.
 */
export class ScrollScale {
  readonly rowHeight: number;
  readonly #maxHeight: number;
  #count = 0;
  #viewport = 0;
  #element = 0;
  #top = 0;

  constructor(rowHeight: number, maxHeight: number = MAX_SCROLL_HEIGHT) {
    this.rowHeight = rowHeight;
    this.#maxHeight = maxHeight;
  }

  /** Height of the element that is scrolled, in pixels. */
  get height(): number {
    return Math.min(this.#count * this.rowHeight, this.#maxHeight);
  }

  get isScaled(): boolean {
    return this.#count * this.rowHeight > this.#maxHeight;
  }

  /** Pixels of the list above the viewport. */
  get top(): number {
    return this.#top;
  }

  get maxTop(): number {
    return Math.max(0, this.#count * this.rowHeight - this.#viewport);
  }

  /** Where the element's scroll bar was last. */
  get barPosition(): number {
    return this.#element;
  }

  /** Where the element's scroll bar should be, for `top`. */
  get barAt(): number {
    return this.isScaled ? this.#top * this.#ratio : this.#top;
  }

  /** Where in the element a row is to be placed so that it is seen at its place: at most some pixels of it are fractions. */
  placeOf(index: number): number {
    return this.#element + index * this.rowHeight - this.#top;
  }

  /** Rows `first` up to, and without, `end` are in sight, and `overscan` more at both sides. */
  visible(overscan: number): { readonly first: number; readonly end: number } {
    const first = Math.floor(this.#top / this.rowHeight) - overscan;
    const end = Math.ceil((this.#top + this.#viewport) / this.rowHeight) + overscan;
    return { first: Math.max(0, Math.min(first, this.#count)), end: Math.max(0, Math.min(end, this.#count)) };
  }

  resize(count: number, viewport: number): void {
    this.#count = count;
    this.#viewport = viewport;
    this.#top = Math.min(this.#top, this.maxTop);
  }

  /**
   * The element was scrolled to `position`; `isStepped`: right after wheel or keys were used. Answers where its bar has to be set
   * where the two have met an end apart from each other, else `undefined`.
   */
  scrolled(position: number, isStepped: boolean = false): number | undefined {
    const delta = position - this.#element;
    this.#element = position;
    if (!this.isScaled) {
      this.#top = Math.min(position, this.maxTop);
      return undefined;
    }
    const viewports = isStepped ? STEPPED_VIEWPORTS : NEAR_VIEWPORTS;
    const isNear = Math.abs(delta) <= viewports * this.#viewport;
    const moved = isNear ? this.#top + delta : position / this.#ratio;
    this.#top = Math.min(Math.max(0, moved), this.maxTop);
    const isAtEnd = position <= 0 || position >= this.height - this.#viewport - 1;
    const hasMet = this.#top <= 0 || this.#top >= this.maxTop;
    return isAtEnd !== hasMet ? this.barAt : undefined;
  }

  /** The list is to be at `top`: answers where to set the bar. Tell the browser's own answer to `settled`. */
  moveTo(top: number): number {
    this.#top = Math.min(Math.max(0, top), this.maxTop);
    return this.barAt;
  }

  /** The bar was set by the program: the list has not moved. Browsers round what they are given. */
  settled(position: number): void {
    this.#element = position;
  }

  get #ratio(): number {
    return (this.height - this.#viewport) / Math.max(1, this.maxTop);
  }
}
