import { type ReadonlySignal, type Signal, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { onceAFrame } from "../live/frame.ts";
import { ScrollScale } from "../logic/scroll-scale.ts";

/** Rows that are drawn above and below what is in sight: a frame of scrolling shows no blank. */
const OVERSCAN = 12;
/** Milliseconds without a scroll after which the bar is set to where it belongs. */
const IDLE_MS = 160;

interface VirtualListProps {
  readonly label: string;
  /** Of each row, in pixels: its CSS MUST say the same. */
  readonly rowPx: number;
  readonly count: number;
  /** Changes when rows do. */
  readonly version: ReadonlySignal<unknown>;
  /** A row, with its key. */
  readonly row: (index: number) => JSX.Element;
  /** Whether the end stays in sight as rows come; scrolling away from it sets it to `false`, and back to it to `true`. */
  readonly isFollowing: Signal<boolean>;
}

/** A list of any length, of which only what is in sight is in the page. */
export function VirtualList(props: VirtualListProps): JSX.Element {
  const { label, rowPx, count, version, row, isFollowing } = props;
  const box = useRef<HTMLDivElement>(null);
  const scale = useMemo(() => new ScrollScale(rowPx), [rowPx]);
  const frame = useSignal(0);
  const draw = useMemo(() => onceAFrame(() => frame.value++), []);
  const idle = useRef<ReturnType<typeof setTimeout>>(undefined);
  void version.value;
  void frame.value;

  const setBar = (position: number): void => {
    const element = box.current;
    if (element === null) return;
    element.scrollTop = position;
    scale.settled(element.scrollTop);
  };
  const moveTo = (top: number): void => {
    setBar(scale.moveTo(top));
    frame.value++;
  };

  // Before the rows are drawn: what they are placed by is what there is now.
  scale.resize(count, box.current?.clientHeight ?? 0);
  const follows = isFollowing.value;
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    scale.resize(count, element.clientHeight);
    if (follows && scale.top !== scale.maxTop) moveTo(scale.maxTop);
  }, [count, follows]);

  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() => {
      scale.resize(Number(element.dataset["total"]), element.clientHeight);
      if (isFollowing.peek()) setBar(scale.moveTo(scale.maxTop));
      frame.value++;
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      clearTimeout(idle.current);
    };
  }, [scale]);

  const onScroll = (): void => {
    const element = box.current;
    if (element === null) return;
    const isOurs = Math.abs(element.scrollTop - scale.barPosition) < 1;
    const bar = scale.scrolled(element.scrollTop);
    if (bar !== undefined) setBar(bar);
    if (!isOurs) isFollowing.value = scale.top >= scale.maxTop - rowPx / 2;
    clearTimeout(idle.current);
    if (scale.isScaled) idle.current = setTimeout(() => setBar(scale.barAt), IDLE_MS);
    draw();
  };

  const { first, end } = scale.visible(OVERSCAN);
  const rows: JSX.Element[] = [];
  for (let index = first; index < end; index++) rows.push(row(index));
  return (
    <div
      ref={box}
      class="virtual-list"
      role="region"
      aria-label={label}
      tabIndex={0}
      data-total={count}
      onScroll={onScroll}
      onKeyDown={(event) => {
        if (event.key !== "End" && event.key !== "Home") return;
        event.preventDefault();
        isFollowing.value = event.key === "End";
        moveTo(event.key === "End" ? scale.maxTop : 0);
      }}
    >
      <div class="virtual-space" style={{ height: `${scale.height}px` }}>
        <div class="virtual-rows" style={{ transform: `translateY(${scale.placeOf(first)}px)` }}>
          {rows}
        </div>
      </div>
    </div>
  );
}
