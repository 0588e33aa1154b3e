import { type ReadonlySignal, useComputed } from "@preact/signals";
import { VirtualList } from "@tidings/ui";
import type { JSX } from "preact";
import type { LogModel } from "../../live/log.ts";
import { LogRow } from "./log-row.tsx";

/** The height of a row, in pixels: the same as `--log-row` in `styles/log.css`. */
const ROW_PX = 20;
/** Rows that are drawn above and below what is in sight: lines are fetched as they come near. */
const OVERSCAN_ROWS = 24;

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

/** Lines of a log, of which only what is in sight is in the page. */
export function LogView({ label, log, rows, canFollow }: LogViewProps): JSX.Element {
  const target = useComputed(() => {
    const line = log.jump.value;
    void rows.version.value; // a line that is not there may come yet
    return line === undefined ? undefined : rows.indexOf(line);
  });
  const count = rows.count.value;
  const digits = String(rows.lineAt(Math.max(0, count - 1))?.number ?? count).length;
  const row = (index: number): JSX.Element => {
    const line = rows.lineAt(index);
    if (line === undefined) return <div key={`none-${index}`} class="log-row" />;
    return (
      <LogRow
        key={line.number}
        number={line.number}
        raw={line.text}
        note={canFollow ? noteOf(log, line.number) : undefined}
        search={log.search.text.value}
        isChosen={isChosen(log, line.number)}
        isCurrent={log.search.matches.value[log.search.current.value]?.line === line.number}
        fault={line.text === undefined ? log.fetcher.faultAt(line.number) : undefined}
      />
    );
  };
  return (
    <VirtualList
      label={label}
      class="log-view"
      style={{ "--digits": String(Math.max(3, digits)) }}
      rowPx={ROW_PX}
      count={count}
      version={rows.version}
      row={row}
      overscanRows={OVERSCAN_ROWS}
      {...(canFollow ? { isFollowing: log.isFollowing } : {})}
      target={target}
      onTarget={() => (log.jump.value = undefined)}
      onLook={rows.onLook}
      onClick={(event) => chooseLine(log, event)}
    />
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
