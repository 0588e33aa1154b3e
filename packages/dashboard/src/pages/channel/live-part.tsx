import { useSignal } from "@preact/signals";
import { Button, EmptyState, formatCount, Loading, onKeys, SearchBox } from "@tidings/ui";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { MessageList } from "./message-list.tsx";
import type { Tail } from "./tail.ts";

/** The channel as it goes on, filtered, and held still by whoever reads. */
export function LivePart({ tail }: { readonly tail: Tail }): JSX.Element {
  const isFollowing = useSignal(true);
  void tail.version.value;
  const isPaused = tail.isPaused.value;
  useEffect(() => onKeys({ p: () => tail.pause(!tail.isPaused.peek()) }), [tail]);
  const shown = tail.shown;
  return (
    <div class="tail">
      <div class="toolbar">
        <select
          class="input"
          aria-label="Event"
          value={tail.event.value}
          onChange={(event) => tail.filter({ event: event.currentTarget.value })}
        >
          <option value="">All events</option>
          {tail.events.value.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
        <SearchBox
          label="Filter messages"
          value={tail.text.value}
          onInput={(text) => tail.filter({ text })}
        />
        <span class="quiet toolbar-note" role="status">
          {isPaused && tail.missed.value > 0 ? `${formatCount(tail.missed.value)} more have come` : ""}
        </span>
        <span class="toolbar-gap" />
        {!isFollowing.value && !isPaused && (
          <Button icon="arrowDown" onClick={() => (isFollowing.value = true)}>
            Follow
          </Button>
        )}
        <Button icon={isPaused ? "play" : "pause"} isPressed={isPaused} onClick={() => tail.pause(!isPaused)}>
          {isPaused ? "Go on" : "Pause"}
        </Button>
        <Button icon="trash" label="Clear what is shown" look="quiet" onClick={() => tail.clear()} />
      </div>
      {tail.fault.value !== undefined ? (
        <EmptyState title="The channel cannot be read" isFault>
          {tail.fault.value}
        </EmptyState>
      ) : shown.length > 0 ? (
        <MessageList label="Messages" lines={shown} version={tail.version} isFollowing={isFollowing} />
      ) : tail.isReady.value ? (
        <EmptyState title="Nothing here yet">Messages are shown as they are published.</EmptyState>
      ) : (
        <Loading what="messages" />
      )}
    </div>
  );
}
