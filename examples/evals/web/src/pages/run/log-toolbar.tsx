import { type Signal, useSignal } from "@preact/signals";
import { Button, formatCount, SearchBox } from "@tidings/ui";
import type { JSX } from "preact";
import { LOG_LEVELS } from "../../../../shared/evaluation.ts";
import { LIMITS } from "../../../../shared/limits.ts";
import type { LogModel } from "../../live/log.ts";

interface LogToolbarProps {
  readonly log: LogModel;
  /** Whether only the lines that match are shown. */
  readonly isFiltered: Signal<boolean>;
  readonly hasEnded: boolean;
}

export function LogToolbar({ log, isFiltered, hasEnded }: LogToolbarProps): JSX.Element {
  const { search } = log;
  const go = (by: 1 | -1): void => search.step(by);
  return (
    <div class="toolbar log-toolbar" role="search" aria-label="Log">
      <SearchBox
        label="Search the log"
        maxLength={LIMITS.maxSearchChars}
        value={search.text.value}
        onInput={(text) => search.set(text, search.level.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") search.set("", search.level.value);
          if (event.key !== "Enter") return;
          event.preventDefault();
          go(event.shiftKey ? -1 : 1);
        }}
      />
      <select
        class="input"
        aria-label="Level"
        value={search.level.value}
        onChange={(event) => search.set(search.text.value, event.currentTarget.value)}
      >
        <option value="">All levels</option>
        {LOG_LEVELS.map((level) => (
          <option key={level} value={level}>
            {level}
          </option>
        ))}
      </select>
      {search.isActive.value && <Found log={log} isFiltered={isFiltered} onGo={go} />}
      <span class="toolbar-gap" />
      <JumpToLine log={log} />
      <Button
        icon="arrowDown"
        isPressed={log.isFollowing.value}
        title={hasEnded ? "Go to the end (f)" : "Stay at the end as lines come (f)"}
        onClick={() => (log.isFollowing.value = !log.isFollowing.value)}
      >
        Follow
      </Button>
    </div>
  );
}

interface FoundProps {
  readonly log: LogModel;
  readonly isFiltered: Signal<boolean>;
  readonly onGo: (by: 1 | -1) => void;
}

function Found({ log, isFiltered, onGo }: FoundProps): JSX.Element {
  const { matches, current, isBusy, hasMore, fault, level } = log.search;
  const count = matches.value.length;
  const said =
    fault.value !== undefined
      ? fault.value
      : count === 0
        ? isBusy.value
          ? "Searching…"
          : "No matches"
        : `${current.value < 0 ? "" : `${formatCount(current.value + 1)} of `}${formatCount(count)}${hasMore.value ? "+" : ""}`;
  return (
    <span class="found">
      <span class="found-count" role="status">
        {said}
      </span>
      <Button
        icon="up"
        label="Previous match"
        look="quiet"
        isDisabled={count === 0}
        onClick={() => onGo(-1)}
      />
      <Button icon="down" label="Next match" look="quiet" isDisabled={count === 0} onClick={() => onGo(1)} />
      {level.value === "" && (
        <Button
          look="quiet"
          isPressed={isFiltered.value}
          onClick={() => (isFiltered.value = !isFiltered.value)}
        >
          Only matches
        </Button>
      )}
    </span>
  );
}

function JumpToLine({ log }: { readonly log: LogModel }): JSX.Element {
  const typed = useSignal("");
  return (
    <form
      class="jump"
      onSubmit={(event) => {
        event.preventDefault();
        const line = Math.min(Math.max(1, Math.floor(Number(typed.value))), log.total.value);
        if (!Number.isFinite(line) || line < 1) return;
        log.selected.value = { from: line, to: line };
        log.jump.value = line;
        typed.value = "";
      }}
    >
      <input
        class="input input-short"
        aria-label="Go to line"
        placeholder="Line"
        inputMode="numeric"
        pattern="[0-9]+"
        value={typed.value}
        onInput={(event) => (typed.value = event.currentTarget.value)}
      />
    </form>
  );
}
