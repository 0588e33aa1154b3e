import { useComputed } from "@preact/signals";
import type { JSX, RefObject } from "preact";
import { Icon } from "../../components/icon.tsx";
import { kinds, summaries } from "../../live/list.ts";
import { formatCount } from "../../logic/format.ts";
import { type GroupCounts, type Sort, SORTS, STATE_GROUPS, type StateGroup } from "../../logic/run-list.ts";
import { filter, sort } from "./list-state.ts";

const GROUP_NAMES: Readonly<Record<StateGroup, string>> = {
  all: "All",
  active: "Active",
  queued: "Queued",
  succeeded: "Succeeded",
  failed: "Failed",
  stopped: "Stopped",
};
const SORT_NAMES: Readonly<Record<Sort, string>> = {
  state: "State",
  newest: "Newest",
  progress: "Progress",
  longest: "Longest",
  alerts: "Alerts",
};

interface ListToolbarProps {
  readonly counts: GroupCounts;
  readonly search: RefObject<HTMLInputElement | null>;
  /** From the search down into the list. */
  readonly onDown: () => void;
}

export function ListToolbar({ counts, search, onDown }: ListToolbarProps): JSX.Element {
  const kindNames = useComputed(() => {
    const all = new Set(summaries.value.map(({ kind }) => kind));
    for (const { name } of kinds.value ?? []) all.add(name);
    return [...all].sort();
  });
  return (
    <div class="toolbar" role="search" aria-label="Runs">
      <div class="segments" role="group" aria-label="State">
        {STATE_GROUPS.map((group) => (
          <button
            key={group}
            class="segment"
            type="button"
            aria-pressed={filter.value.group === group}
            onClick={() => (filter.value = { ...filter.value, group })}
          >
            {GROUP_NAMES[group]} <span class="segment-count">{formatCount(counts[group])}</span>
          </button>
        ))}
      </div>
      <div class="search">
        <Icon name="search" />
        <input
          ref={search}
          class="input"
          type="search"
          aria-label="Search runs"
          placeholder="Search runs"
          value={filter.value.text}
          onInput={(event) => (filter.value = { ...filter.value, text: event.currentTarget.value })}
          onKeyDown={(event) => {
            if (event.key === "ArrowDown" || event.key === "Enter") {
              event.preventDefault();
              onDown();
            } else if (event.key === "Escape") event.currentTarget.blur();
          }}
        />
        <kbd aria-hidden="true">/</kbd>
      </div>
      <select
        class="input"
        aria-label="Kind"
        value={filter.value.kind}
        onChange={(event) => (filter.value = { ...filter.value, kind: event.currentTarget.value })}
      >
        <option value="">All kinds</option>
        {kindNames.value.map((kind) => (
          <option key={kind} value={kind}>
            {kind}
          </option>
        ))}
      </select>
      <label class="sort">
        <span>Sort</span>
        <select
          class="input"
          value={sort.value}
          onChange={(event) =>
            (sort.value = SORTS.find((name) => name === event.currentTarget.value) ?? "state")
          }
        >
          {SORTS.map((name) => (
            <option key={name} value={name}>
              {SORT_NAMES[name]}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}
