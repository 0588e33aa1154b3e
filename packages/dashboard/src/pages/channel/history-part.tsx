import { useComputed, useSignal, useSignalEffect } from "@preact/signals";
import { Button, EmptyState, formatMoment, Loading } from "@tidings/ui";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { parseWhen } from "../../logic/when.ts";
import type { History } from "./history.ts";
import { MessageList } from "./message-list.tsx";

/** What was published, from a time or page by page. */
export function HistoryPart({ history }: { readonly history: History }): JSX.Element {
  const isFollowing = useSignal(true);
  const version = useComputed(() => history.page.value);
  const page = history.page.value;
  const isBusy = history.isBusy.value;
  useEffect(() => {
    if (history.page.peek() === undefined) void history.latest();
  }, [history]);
  useSignalEffect(() => {
    isFollowing.value = history.page.value?.isLatest ?? true;
  });
  const first = page?.lines.find(({ kind }) => kind === "message");
  return (
    <div class="tail">
      <div class="toolbar">
        <WhenForm onWhen={(timeMs) => void history.at(timeMs)} />
        <span class="toolbar-gap" />
        <Button isBusy={isBusy} onClick={() => void history.earliest()}>
          Earliest
        </Button>
        <Button isBusy={isBusy} isDisabled={page?.first === undefined} onClick={() => void history.older()}>
          Older
        </Button>
        <Button isBusy={isBusy} isDisabled={page?.next === undefined} onClick={() => void history.newer()}>
          Newer
        </Button>
        <Button isBusy={isBusy} onClick={() => void history.latest()}>
          Latest
        </Button>
      </div>
      <p class="quiet toolbar-note" role="status">
        {first === undefined ? "" : `From ${formatMoment(first.time)}`}
      </p>
      {history.fault.value !== undefined ? (
        <EmptyState title="That cannot be read" isFault>
          {history.fault.value}
        </EmptyState>
      ) : page === undefined ? (
        <Loading what="messages" />
      ) : page.lines.length === 0 ? (
        <EmptyState title="Nothing is held from then on">
          It was not published, or retention has dropped it.
        </EmptyState>
      ) : (
        <MessageList
          key={page.lines[0]?.key ?? ""}
          label="History"
          lines={page.lines}
          version={version}
          isFollowing={isFollowing}
        />
      )}
    </div>
  );
}

function WhenForm({ onWhen }: { readonly onWhen: (timeMs: number) => void }): JSX.Element {
  const typed = useSignal("");
  const isWrong = useSignal(false);
  return (
    <form
      class="when"
      onSubmit={(event) => {
        event.preventDefault();
        const timeMs = parseWhen(typed.value, Date.now());
        isWrong.value = timeMs === undefined;
        if (timeMs !== undefined) onWhen(timeMs);
      }}
    >
      <label for="when">Around</label>
      <input
        id="when"
        class="input"
        placeholder="12:00, 15m ago, 2026-01-05 12:00"
        autocomplete="off"
        spellcheck={false}
        maxLength={40}
        aria-invalid={isWrong.value ? "true" : undefined}
        aria-describedby={isWrong.value ? "when-wrong" : undefined}
        value={typed.value}
        onInput={(event) => {
          typed.value = event.currentTarget.value;
          isWrong.value = false;
        }}
      />
      <Button type="submit">Show</Button>
      {isWrong.value && (
        <span class="field-error" id="when-wrong" role="alert">
          Write it as 12:00, yesterday 12:00, 15m ago, or 2026-01-05 12:00.
        </span>
      )}
    </form>
  );
}
