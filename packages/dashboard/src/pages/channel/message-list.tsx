import { type ReadonlySignal, type Signal, useSignal } from "@preact/signals";
import { formatClock, VirtualList } from "@tidings/ui";
import type { JSX } from "preact";
import type { Line } from "../../logic/message-text.ts";
import { MessageDetail } from "./message-detail.tsx";

/** As in `styles/channel.css`. */
const ROW_PX = 26;

interface MessageListProps {
  readonly label: string;
  readonly lines: readonly Line[];
  readonly version: ReadonlySignal<unknown>;
  readonly isFollowing: Signal<boolean>;
}

/** Messages a line each, and beside them the one that is chosen. */
export function MessageList({ label, lines, version, isFollowing }: MessageListProps): JSX.Element {
  const chosen = useSignal<Line | undefined>(undefined);
  const row = (index: number): JSX.Element => {
    const line = lines[index];
    if (line === undefined) return <div key={index} class="line" />;
    if (line.kind === "gap")
      return (
        <div key={line.key} class="line line-gap" role="note">
          {line.text}
        </div>
      );
    return (
      <button
        key={line.key}
        type="button"
        class="line"
        aria-pressed={chosen.value?.key === line.key}
        onClick={() => {
          isFollowing.value = false;
          chosen.value = chosen.peek()?.key === line.key ? undefined : line;
        }}
      >
        <time class="line-time">{clockMs(line.time)}</time>
        <span class="line-event">{line.event}</span>
        {line.of !== undefined && <span class="line-of">{line.of}</span>}
        <span class="line-text">{line.text}</span>
      </button>
    );
  };
  return (
    <div class={chosen.value === undefined ? "messages" : "messages has-detail"}>
      <VirtualList
        label={label}
        rowPx={ROW_PX}
        count={lines.length}
        version={version}
        row={row}
        isFollowing={isFollowing}
      />
      {chosen.value !== undefined && (
        <MessageDetail line={chosen.value} onClose={() => (chosen.value = undefined)} />
      )}
    </div>
  );
}

/** `14:03:07.123`. */
function clockMs(time: string): string {
  return `${formatClock(time)}.${String(new Date(time).getMilliseconds()).padStart(3, "0")}`;
}
