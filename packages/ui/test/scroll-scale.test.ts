import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MAX_SCROLL_HEIGHT, ScrollScale } from "../src/logic/scroll-scale.ts";

const ROW = 20;
const VIEWPORT = 600;

function open(count: number): ScrollScale {
  const scale = new ScrollScale(ROW);
  scale.resize(count, VIEWPORT);
  return scale;
}

/** A browser's scroll bar: it keeps to its ends, and rounds. */
class Bar {
  position = 0;
  readonly #scale: ScrollScale;

  constructor(scale: ScrollScale) {
    this.#scale = scale;
  }

  scroll(by: number, isStepped: boolean = false): void {
    this.#to(this.position + by);
    const set = this.#scale.scrolled(this.position, isStepped);
    if (set !== undefined) this.set(set);
  }

  set(position: number): void {
    this.#to(position);
    this.#scale.settled(this.position);
  }

  #to(position: number): void {
    const end = this.#scale.height - VIEWPORT;
    this.position = Math.round(Math.min(Math.max(0, position), end));
  }
}

/** Where the first row in sight is drawn, in pixels below the viewport's upper edge. */
function drawnAt(scale: ScrollScale, bar: Bar): number {
  return scale.placeOf(scale.visible(0).first) - bar.position;
}

describe("scrolling a list of any length", () => {
  test("that an element can be as tall as is scrolled as it is", () => {
    const scale = open(400_000);
    const bar = new Bar(scale);
    expect(scale.height).toBe(MAX_SCROLL_HEIGHT);
    expect(scale.isScaled).toBe(false);
    bar.scroll(1_234);
    expect(scale.top).toBe(1_234);
    expect(scale.visible(2)).toEqual({ first: 59, end: 94 });
    expect(drawnAt(scale, bar)).toBe(-14);
  });

  test("never makes the element taller than browsers draw", () => {
    const scale = open(100_000_000);
    expect(scale.height).toBe(MAX_SCROLL_HEIGHT);
    expect(scale.isScaled).toBe(true);
    expect(open(400_001).isScaled).toBe(true);
  });

  test("by the wheel goes pixel for pixel, however long it is", () => {
    const scale = open(10_000_000);
    const bar = new Bar(scale);
    bar.set(scale.moveTo(50_000_000));
    for (let turn = 0; turn < 30; turn++) bar.scroll(100);
    expect(scale.top).toBe(50_003_000);
    for (let turn = 0; turn < 60; turn++) bar.scroll(-100);
    expect(scale.top).toBe(49_997_000);
    bar.set(scale.barAt); // nobody scrolls any more
    expect(scale.top).toBe(49_997_000);
    expect(drawnAt(scale, bar)).toBeGreaterThan(-ROW);
    expect(drawnAt(scale, bar)).toBeLessThanOrEqual(0);
  });

  test("by many keys that a busy page is told of at once goes pixel for pixel too", () => {
    const scale = open(10_000_000);
    const bar = new Bar(scale);
    bar.scroll(50 * VIEWPORT, true);
    expect(scale.top).toBe(50 * VIEWPORT);
    bar.scroll(51 * VIEWPORT, true); // no keys go that far: it is the bar
    expect(scale.top).toBeGreaterThan(1_000 * VIEWPORT);
  });

  test("by its bar goes in proportion", () => {
    const scale = open(10_000_000);
    const bar = new Bar(scale);
    bar.scroll((scale.height - VIEWPORT) / 2);
    expect(scale.top / scale.maxTop).toBeCloseTo(0.5, 6);
  });

  test("reaches both its ends by the wheel alone", () => {
    const scale = open(450_000);
    const bar = new Bar(scale);
    bar.set(scale.moveTo(scale.maxTop - 5_000));
    for (let turn = 0; turn < 60; turn++) bar.scroll(100);
    expect(scale.top).toBe(scale.maxTop);
    expect(scale.visible(0).end).toBe(450_000);
    bar.set(scale.moveTo(5_000));
    for (let turn = 0; turn < 60; turn++) bar.scroll(-100);
    expect(scale.top).toBe(0);
    expect(drawnAt(scale, bar)).toBe(0);
  });

  test("shows, after any moves, rows that fill the viewport and no others", () => {
    const scale = open(3_333_333);
    const bar = new Bar(scale);
    let seed = 7;
    for (let move = 0; move < 2_000; move++) {
      seed = (seed * 48_271) % 2_147_483_647;
      const by = seed % 10 === 0 ? (seed % 8_000_000) - 4_000_000 : (seed % 1_200) - 600;
      bar.scroll(by);
      if (seed % 7 === 0) bar.set(scale.barAt);
      const { first, end } = scale.visible(0);
      expect(drawnAt(scale, bar)).toBeGreaterThan(-ROW - 1);
      expect(drawnAt(scale, bar)).toBeLessThan(1);
      expect(scale.placeOf(end) - bar.position).toBeGreaterThanOrEqual(VIEWPORT - 1);
      expect(first).toBeGreaterThanOrEqual(0);
      expect(end).toBeLessThanOrEqual(3_333_333);
    }
  });

  test("stays within a list that became shorter, and in one without rows", () => {
    const scale = open(1_000);
    scale.moveTo(scale.maxTop);
    scale.resize(10, VIEWPORT);
    expect(scale.top).toBe(0);
    scale.resize(0, VIEWPORT);
    expect(scale.visible(24)).toEqual({ first: 0, end: 0 });
  });

  test("whatever is done, what is in sight are rows that there are", () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.array(fc.nat(12_000), { maxLength: 30 }), (count, moves) => {
        const scale = new ScrollScale(20, 10_000);
        scale.resize(count, 300);
        for (const move of moves) {
          scale.scrolled(Math.min(move, Math.max(0, scale.height - 300)));
          const { first, end } = scale.visible(3);
          expect(first).toBeGreaterThanOrEqual(0);
          expect(first).toBeLessThanOrEqual(end);
          expect(end).toBeLessThanOrEqual(count);
        }
      }),
      { numRuns: 50 },
    );
  });
});
