import { type ReadonlySignal, type Signal, useSignal } from "@preact/signals";
import type { CSSProperties, JSX } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { onceAFrame } from "../live/frame.ts";
import { ScrollScale } from "../logic/scroll-scale.ts";

/** Milliseconds without a scroll after which the bar is set to where it belongs. */
const IDLE_MS = 160;
/** Milliseconds after a turn of the wheel, or a key, in which what scrolls is its doing: browsers do it smoothly. */
const STEPPED_MS = 1_000;

interface VirtualListProps {
  readonly label: string;
  /** Beside the list's own. */
  readonly class?: string;
  readonly style?: CSSProperties;
  /** Of each row, in pixels: its CSS MUST say the same. */
  readonly rowPx: number;
  readonly count: number;
  /** Changes when rows do. */
  readonly version: ReadonlySignal<unknown>;
  /** A row, with its key. */
  readonly row: (index: number) => JSX.Element;
  /** Rows that are drawn above and below what is in sight: a frame of scrolling shows no blank. Default 12. */
  readonly overscanRows?: number;
  /**
   * Whether the end stays in sight as rows come; going away from it, or choosing text, sets it to `false`, and scrolling back to it
   * to `true`. Default: it never does.
   */
  readonly isFollowing?: Signal<boolean>;
  /** The row that is to be in sight; one that is not there yet is waited for. Default: none. */
  readonly target?: ReadonlySignal<number | undefined>;
  /** The target is in sight: it MUST be `undefined` from here on. */
  readonly onTarget?: () => void;
  /** Rows `first` to `last` are drawn. */
  readonly onLook?: (first: number, last: number) => void;
  readonly onClick?: (event: MouseEvent) => void;
}

/** A list of any length, of which only what is in sight is in the page. */
export function VirtualList(props: VirtualListProps): JSX.Element {
  const { label, rowPx, count, version, row, overscanRows = 12, isFollowing, target, onTarget } = props;
  const { onLook, onClick } = props;
  const box = useRef<HTMLDivElement>(null);
  const scale = useMemo(() => new ScrollScale(rowPx), [rowPx]);
  const total = useRef(count);
  total.current = count;
  const frame = useSignal(0);
  const draw = useMemo(() => onceAFrame(() => frame.value++), []);
  const idle = useRef<ReturnType<typeof setTimeout>>(undefined);
  const steppedAt = useRef(Number.NEGATIVE_INFINITY);
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
  const setFollowing = (follows: boolean): void => {
    if (isFollowing !== undefined) isFollowing.value = follows;
  };

  /** Up from the end, where there is an up. */
  const leaveEnd = (): void => {
    if (scale.top > 0) setFollowing(false);
  };

  // Before the rows are drawn: what they are placed by is what there is now.
  scale.resize(count, box.current?.clientHeight ?? 0);
  const follows = isFollowing?.value ?? false;
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
      scale.resize(total.current, element.clientHeight);
      if (isFollowing?.peek() === true) setBar(scale.moveTo(scale.maxTop));
      frame.value++;
    });
    observer.observe(element);
    // Text that somebody has chosen stays where it is, and in the page.
    const keepSelection = (): void => {
      const chosen = getSelection();
      if (chosen !== null && !chosen.isCollapsed && element.contains(chosen.anchorNode)) setFollowing(false);
    };
    document.addEventListener("selectionchange", keepSelection);
    return () => {
      observer.disconnect();
      document.removeEventListener("selectionchange", keepSelection);
      clearTimeout(idle.current);
    };
  }, [scale]);

  const wanted = target?.value;
  useLayoutEffect(() => {
    const element = box.current;
    if (wanted === undefined || element === null || wanted < 0 || wanted >= count) return;
    setFollowing(false);
    const top = wanted * rowPx;
    const isInSight = top >= scale.top && top + 2 * rowPx <= scale.top + element.clientHeight;
    if (!isInSight) moveTo(top - element.clientHeight / 3);
    onTarget?.();
  }, [wanted, count]);

  const onScroll = (): void => {
    const element = box.current;
    if (element === null) return;
    // A list that grew (what was above it is gone) was scrolled by the browser, before any observer tells of its size: its end is
    // still its end, and nobody went away from it.
    scale.resize(total.current, element.clientHeight);
    const isOurs = Math.abs(element.scrollTop - scale.barPosition) < 1;
    const bar = scale.scrolled(element.scrollTop, performance.now() - steppedAt.current < STEPPED_MS);
    if (bar !== undefined) setBar(bar);
    // A scroll to the end follows from there on; one away from it does not any more.
    if (!isOurs) setFollowing(scale.top >= scale.maxTop - rowPx / 2);
    clearTimeout(idle.current);
    if (scale.isScaled) idle.current = setTimeout(() => setBar(scale.barAt), IDLE_MS);
    draw();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    steppedAt.current = performance.now();
    if (event.key === "PageUp" || event.key === "ArrowUp") leaveEnd();
    if (event.key !== "End" && event.key !== "Home") return;
    event.preventDefault();
    setFollowing(event.key === "End");
    moveTo(event.key === "End" ? scale.maxTop : 0);
  };

  const { first, end } = scale.visible(overscanRows);
  useEffect(() => {
    if (end > first) onLook?.(first, end - 1);
  }, [first, end, count]);
  const rows: JSX.Element[] = [];
  for (let index = first; index < end; index++) rows.push(row(index));
  return (
    <div
      ref={box}
      class={props.class === undefined ? "virtual-list" : `virtual-list ${props.class}`}
      style={props.style}
      role="region"
      aria-label={label}
      tabIndex={0}
      data-first={first + 1}
      data-last={end}
      data-total={count}
      onScroll={onScroll}
      onWheel={({ deltaY }) => {
        steppedAt.current = performance.now();
        if (deltaY < 0) leaveEnd();
      }}
      onPointerDown={() => (steppedAt.current = Number.NEGATIVE_INFINITY)}
      onKeyDown={onKeyDown}
      onClick={onClick}
    >
      <div class="virtual-space" style={{ height: `${scale.height}px` }}>
        <div class="virtual-rows" style={{ transform: `translateY(${scale.placeOf(first)}px)` }}>
          {rows}
        </div>
      </div>
    </div>
  );
}
