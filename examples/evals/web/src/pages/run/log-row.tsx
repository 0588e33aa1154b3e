import { formatCount } from "@tidings/ui";
import type { JSX } from "preact";
import { MAX_DRAWN_CHARS, parseLine, splitHits } from "../../logic/log-line.ts";

interface LogRowProps {
  readonly number: number;
  /** The line as it is in the file; `undefined` while it is fetched. */
  readonly raw: string | undefined;
  readonly note: string | undefined;
  readonly search: string;
  readonly isChosen: boolean;
  readonly isCurrent: boolean;
  /** Why it is not here. */
  readonly fault: string | undefined;
}

export function LogRow({ number, raw, note, search, isChosen, isCurrent, fault }: LogRowProps): JSX.Element {
  const looks = `${isChosen ? " log-chosen" : ""}${isCurrent ? " log-current" : ""}`;
  const gutter = <span class="log-number" data-line={number} title={`Line ${number}`} />;
  if (raw === undefined)
    return (
      <div class={`log-row log-missing${looks}`} data-line={number}>
        {gutter}
        <span class="log-text">{fault === undefined ? "…" : `not here: ${fault}`}</span>
      </div>
    );
  const { time, level, text } = parseLine(raw);
  const drawn = text.length > MAX_DRAWN_CHARS ? text.slice(0, MAX_DRAWN_CHARS) : text;
  return (
    <div class={`log-row level-${level}${looks}`} data-line={number}>
      {gutter}
      <span class="log-time" data-time={time.slice(11, 23)} />
      <span class="log-level" data-level={level} />
      <span class="log-text">
        {splitHits(drawn, search).map(({ text: piece, isHit }, at) =>
          isHit ? <mark key={at}>{piece}</mark> : piece,
        )}
      </span>
      {drawn !== text && (
        <span class="log-more">{`+ ${formatCount(text.length - drawn.length)} characters`}</span>
      )}
      {note !== undefined && <span class="log-note">{note}</span>}
    </div>
  );
}
