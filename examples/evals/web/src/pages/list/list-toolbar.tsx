import { useComputed } from "@preact/signals";
import { SearchBox, Segments } from "@tidings/ui";
import type { JSX } from "preact";
import { kinds, summaries } from "../../live/list.ts";
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
  /** From the search down into the list. */
  readonly onDown: () => void;
}

export function ListToolbar({ counts, onDown }: ListToolbarProps): JSX.Element {
  const kindNames = useComputed(() => {
    const all = new Set(summaries.value.map(({ kind }) => kind));
    for (const { name } of kinds.value ?? []) all.add(name);
    return [...all].sort();
  });
  return (
    <div class="toolbar" role="search" aria-label="Runs">
      <Segments
        label="State"
        segments={STATE_GROUPS.map((id) => ({ id, label: GROUP_NAMES[id], count: counts[id] }))}
        current={filter.value.group}
        onChange={(group) => (filter.value = { ...filter.value, group })}
      />
      <SearchBox
        label="Search runs"
        value={filter.value.text}
        onInput={(text) => (filter.value = { ...filter.value, text })}
        onKeyDown={(event) => {
          if (event.key !== "ArrowDown" && event.key !== "Enter") return;
          event.preventDefault();
          onDown();
        }}
      />
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
