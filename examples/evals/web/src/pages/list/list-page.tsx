import { type Signal, useComputed, useSignal } from "@preact/signals";
import { Button, EmptyState, Loading, onKeys, plural } from "@tidings/ui";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Summary } from "../../../../shared/channels.ts";
import { listFault, listState, runs, summaries } from "../../live/list.ts";
import { compare, countGroups, matches } from "../../logic/run-list.ts";
import { filter, opened, sort } from "./list-state.ts";
import { ListToolbar } from "./list-toolbar.tsx";
import { RunRow } from "./run-row.tsx";

/** Rows that are shown at first, and more by each press: some thousands are searched, not scrolled. */
const PAGE_ROWS = 200;

export function ListPage(): JSX.Element {
  const limit = useSignal(PAGE_ROWS);
  const counts = useComputed(() => countGroups(summaries.value));
  const found = useComputed(() => {
    const order = compare(sort.value);
    return runs.value
      .filter((run) => matches(run.value, filter.value))
      .sort((a, b) => order(a.value, b.value));
  });
  const body = useRef<HTMLTableSectionElement>(null);
  useEffect(() => {
    document.title = "Runs · Evaluations";
    if (opened.id !== undefined)
      body.current?.querySelector<HTMLElement>(`[data-run="${opened.id}"] .run-link`)?.focus();
    const links = (): HTMLElement[] => [...(body.current?.querySelectorAll<HTMLElement>(".run-link") ?? [])];
    const go = (by: 1 | -1) => (): void => {
      const all = links();
      const at = all.findIndex((link) => link === document.activeElement);
      const next = all[at === -1 ? 0 : Math.min(Math.max(0, at + by), all.length - 1)];
      next?.focus();
      next?.closest("tr")?.scrollIntoView({ block: "nearest" });
    };
    return onKeys({
      j: go(1),
      ArrowDown: go(1),
      k: go(-1),
      ArrowUp: go(-1),
    });
  }, []);
  const shown = found.value.slice(0, limit.value);
  const rest = found.value.length - shown.length;
  return (
    <div class="page list-page">
      <h1 class="visually-hidden">Runs</h1>
      <ListToolbar
        counts={counts.value}
        onDown={() => body.current?.querySelector<HTMLElement>(".run-link")?.focus()}
      />
      <p class="visually-hidden" role="status">
        {listState.value === "ready" ? `${plural(found.value.length, "run")} shown` : ""}
      </p>
      {shown.length > 0 ? <Runs shown={shown} body={body} /> : <Nothing />}
      {rest > 0 && (
        <div class="more">
          <Button
            onClick={() => (limit.value += PAGE_ROWS)}
          >{`Show ${Math.min(rest, PAGE_ROWS)} more of ${rest}`}</Button>
        </div>
      )}
    </div>
  );
}

interface RunsProps {
  readonly shown: readonly Signal<Summary>[];
  readonly body: { current: HTMLTableSectionElement | null };
}

function Runs({ shown, body }: RunsProps): JSX.Element {
  return (
    <table class="table runs" aria-label="Runs">
      <thead>
        <tr>
          <th scope="col">State</th>
          <th scope="col">Run</th>
          <th scope="col" class="col-progress">
            Progress
          </th>
          <th scope="col" class="col-alerts">
            Alerts
          </th>
          <th scope="col" class="col-lines number">
            Log lines
          </th>
          <th scope="col" class="col-by">
            By
          </th>
          <th scope="col" class="col-time number">
            Duration
          </th>
          <th scope="col" class="col-age number">
            Age
          </th>
        </tr>
      </thead>
      <tbody ref={body}>
        {shown.map((run) => (
          <RunRow key={run.peek().id} run={run} />
        ))}
      </tbody>
    </table>
  );
}

function Nothing(): JSX.Element {
  if (listState.value === "loading") return <Loading what="runs" />;
  if (listState.value === "failed")
    return (
      <EmptyState title="The list cannot be read" isFault>
        {listFault.value}
      </EmptyState>
    );
  return runs.value.length === 0 ? (
    <EmptyState title="Nothing has run yet">
      Press <kbd>n</kbd> to start the first run.
    </EmptyState>
  ) : (
    <EmptyState title="No run is like this">Take some of the filters away.</EmptyState>
  );
}
