import { type ReadonlySignal, useSignal, useSignalEffect } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import type { LogModel } from "../../live/log.ts";
import { onceAFrame } from "../../live/frame.ts";
import { ScrollScale } from "../../logic/scroll-scale.ts";
import { LogRow } from "./log-row.tsx";

/** The height of a row, in pixels: the same as `--log-row` in `styles/log.css`. */
const ROW_PX = 20;
/** Rows that are drawn above and below what is in sight: a frame of scrolling shows no blank. */
const OVERSCAN = 24;
/** Milliseconds without a scroll after which the bar is set to where it belongs. */
const IDLE_MS = 160;
/** Milliseconds after a turn of the wheel, or a key, in which what scrolls is its doing: browsers do it smoothly. */
const STEPPED_MS = 1_000;

export interface LogRows {
  readonly count: ReadonlySignal<number>;
  /** Changes when rows do. */
  readonly version: ReadonlySignal<unknown>;
  readonly lineAt: (
    index: number,
  ) => { readonly number: number; readonly text: string | undefined } | undefined;
  readonly indexOf: (number: number) => number;
  /** Rows `first` to `last` are looked at. */
  readonly onLook: (first: number, last: number) => void;
}

interface LogViewProps {
  readonly label: string;
  readonly log: LogModel;
  readonly rows: LogRows;
  readonly canFollow: boolean;
}

/** A list of any length, of which only what is in sight is in the page. */
export function LogView({ label, log, rows, canFollow }: LogViewProps): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const scale = useMemo(() => new ScrollScale(ROW_PX), []);
  const frame = useSignal(0);
  const draw = useMemo(() => onceAFrame(() => frame.value++), []);
  const idle = useRef<ReturnType<typeof setTimeout>>(undefined);
  const steppedAt = useRef(Number.NEGATIVE_INFINITY);
  const count = rows.count.value;
  void rows.version.value;
  void frame.value;

  const setBar = (position: number): void => {
    const element = box.current;
    if (element === null) return;
    element.scrollTop = position;
    scale.settled(element.scrollTop);
  };
  const moveTo = (top: number): void => setBar(scale.moveTo(top));
  const unfollow = (): void => {
    if (canFollow) log.isFollowing.value = false;
  };

  // Before the rows are drawn: what they are placed by is what there is now.
  scale.resize(count, box.current?.clientHeight ?? 0);
  const isFollowing = canFollow && log.isFollowing.value;
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    scale.resize(count, element.clientHeight);
    if (isFollowing && scale.top !== scale.maxTop) {
      moveTo(scale.maxTop);
      frame.value++;
    }
  }, [count, isFollowing]);

  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() => {
      scale.resize(rows.count.peek(), element.clientHeight);
      if (canFollow && log.isFollowing.peek()) moveTo(scale.maxTop);
      frame.value++;
    });
    observer.observe(element);
    // Text that somebody has chosen stays where it is, and in the page.
    const keepSelection = (): void => {
      const chosen = getSelection();
      if (chosen !== null && !chosen.isCollapsed && element.contains(chosen.anchorNode)) unfollow();
    };
    document.addEventListener("selectionchange", keepSelection);
    return () => {
      observer.disconnect();
      document.removeEventListener("selectionchange", keepSelection);
      clearTimeout(idle.current);
    };
  }, []);

  useSignalEffect(() => {
    const line = log.jump.value;
    if (line === undefined || box.current === null) return;
    const index = rows.indexOf(line);
    if (index < 0 || index >= rows.count.value) return; // it may come yet
    unfollow();
    scale.resize(rows.count.peek(), box.current.clientHeight);
    const isInSight =
      index * ROW_PX >= scale.top && (index + 2) * ROW_PX <= scale.top + box.current.clientHeight;
    if (!isInSight) moveTo(index * ROW_PX - box.current.clientHeight / 3);
    log.jump.value = undefined;
    frame.value++;
  });

  const onScroll = (): void => {
    const element = box.current;
    if (element === null) return;
    // A view that grew (what was above it is gone) was scrolled by the browser, before any observer tells of its size: its end is
    // still its end, and nobody went away from it.
    scale.resize(rows.count.peek(), element.clientHeight);
    const isOurs = Math.abs(element.scrollTop - scale.barPosition) < 1;
    const bar = scale.scrolled(element.scrollTop, performance.now() - steppedAt.current < STEPPED_MS);
    if (bar !== undefined) setBar(bar);
    // A scroll to the end follows from there on; one away from it does not any more.
    if (canFollow && !isOurs) log.isFollowing.value = scale.top >= scale.maxTop - ROW_PX / 2;
    clearTimeout(idle.current);
    if (scale.isScaled) idle.current = setTimeout(() => setBar(scale.barAt), IDLE_MS);
    draw();
  };

  const { first, end } = scale.visible(OVERSCAN);
  useEffect(() => {
    if (end > first) rows.onLook(first, end - 1);
  }, [first, end, count]);

  const shown: JSX.Element[] = [];
  for (let index = first; index < end; index++) {
    const line = rows.lineAt(index);
    if (line !== undefined)
      shown.push(
        <LogRow
          key={line.number}
          number={line.number}
          raw={line.text}
          note={canFollow ? noteOf(log, line.number) : undefined}
          search={log.search.text.value}
          isChosen={isChosen(log, line.number)}
          isCurrent={log.search.matches.value[log.search.current.value]?.line === line.number}
          fault={line.text === undefined ? log.fetcher.faultAt(line.number) : undefined}
        />,
      );
  }
  const digits = String(rows.lineAt(Math.max(0, count - 1))?.number ?? count).length;
  return (
    <div
      ref={box}
      class="log-view"
      role="region"
      aria-label={label}
      tabIndex={0}
      data-first={first + 1}
      data-last={end}
      data-total={count}
      onScroll={onScroll}
      onWheel={(event) => {
        steppedAt.current = performance.now();
        if (event.deltaY < 0) unfollow();
      }}
      onPointerDown={() => (steppedAt.current = Number.NEGATIVE_INFINITY)}
      onKeyDown={(event) => {
        steppedAt.current = performance.now();
        if (event.key === "End") {
          event.preventDefault();
          moveTo(scale.maxTop);
          if (canFollow) log.isFollowing.value = true;
          frame.value++;
        } else if (event.key === "Home") {
          event.preventDefault();
          unfollow();
          moveTo(0);
          frame.value++;
        } else if (event.key === "PageUp" || event.key === "ArrowUp") unfollow();
      }}
      onClick={(event) => chooseLine(log, event)}
    >
      <div class="log-space" style={{ height: `${scale.height}px` }}>
        <div
          class="log-rows"
          style={{
            transform: `translateY(${scale.placeOf(first)}px)`,
            "--digits": String(Math.max(3, digits)),
          }}
        >
          {shown}
        </div>
      </div>
    </div>
  );
}

function isChosen(log: LogModel, number: number): boolean {
  const chosen = log.selected.value;
  return chosen !== undefined && chosen.from <= number && number <= chosen.to;
}

/** What is told at a line: what came before it was not sent, or was gone. */
function noteOf(log: LogModel, number: number): string | undefined {
  const skipped = log.store.skippedAt(number);
  if (skipped !== undefined) {
    const count = skipped.to - skipped.from + 1;
    return `${count.toLocaleString("en-GB")} ${count === 1 ? "line" : "lines"} not sent live, read from the file`;
  }
  return log.gaps.value.includes(number)
    ? "messages before this were gone; lines read from the file"
    : undefined;
}

/** By its number, and with Shift up to it; the same one again chooses nothing. */
function chooseLine(log: LogModel, event: MouseEvent): void {
  const button = (event.target as HTMLElement).closest<HTMLElement>(".log-number");
  const number = Number(button?.dataset["line"]);
  if (!Number.isSafeInteger(number) || number < 1) return;
  const chosen = log.selected.peek();
  log.isFollowing.value = false;
  if (event.shiftKey && chosen !== undefined)
    log.selected.value = { from: Math.min(chosen.from, number), to: Math.max(chosen.from, number) };
  else if (chosen !== undefined && chosen.from === number && chosen.to === number)
    log.selected.value = undefined;
  else log.selected.value = { from: number, to: number };
}
