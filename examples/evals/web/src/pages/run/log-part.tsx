import { useComputed, useSignal, useSignalEffect } from "@preact/signals";
import { Button, EmptyState, formatCount, Loading, onKeys } from "@tidings/ui";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { type Evaluation, hasEnded } from "../../../../shared/evaluation.ts";
import type { RunModel } from "../../live/run.ts";
import { rememberInUrl } from "../../url.ts";
import { LogSelection } from "./log-selection.tsx";
import { LogToolbar } from "./log-toolbar.tsx";
import { type LogRows, LogView } from "./log-view.tsx";

interface LogPartProps {
  readonly model: RunModel;
  readonly run: Evaluation;
}

/** Milliseconds between two searches in what a log has grown by. */
const GROWN_MS = 1_000;

export function LogPart({ model, run }: LogPartProps): JSX.Element {
  const { log } = model;
  const { search } = log;
  const isFiltered = useSignal(false);
  useEffect(
    () =>
      onKeys({
        f: () => (log.isFollowing.value = !log.isFollowing.value),
      }),
    [log],
  );
  // What is written while somebody searches is searched too.
  useEffect(() => {
    const timer = setInterval(() => search.more(log.total.peek()), GROWN_MS);
    return () => clearInterval(timer);
  }, [log]);
  useSignalEffect(() => {
    const chosen = log.selected.value;
    rememberInUrl("line", chosen === undefined ? undefined : String(chosen.from));
  });
  const showsMatches = useComputed(
    () => search.isActive.value && (isFiltered.value || search.level.value !== ""),
  ).value;
  const all: LogRows = {
    count: log.total,
    version: log.version,
    lineAt: (index) => ({ number: index + 1, text: log.store.line(index + 1) }),
    indexOf: (number) => number - 1,
    onLook: (first, last) => log.fetcher.want(first + 1, last + 1),
  };
  const matches: LogRows = {
    count: useComputed(() => search.matches.value.length),
    version: search.matches,
    lineAt: (index) => {
      const match = search.matches.peek()[index];
      return match === undefined ? undefined : { number: match.line, text: match.text };
    },
    indexOf: (number) => search.matches.peek().findIndex(({ line }) => line === number),
    onLook: (_, last) => {
      if (last >= search.matches.peek().length - 50) search.more();
    },
  };
  const isEmpty = log.total.value === 0;
  return (
    <div class="log-part">
      <LogToolbar log={log} isFiltered={isFiltered} hasEnded={hasEnded(run.state)} />
      {isEmpty ? (
        <NoLines run={run} isRead={log.isRead.value} />
      ) : showsMatches ? (
        search.matches.value.length === 0 ? (
          <NoMatches isBusy={search.isBusy.value} fault={search.fault.value} />
        ) : (
          <LogView key="matches" label="Matching lines" log={log} rows={matches} canFollow={false} />
        )
      ) : (
        <LogView key="all" label="Log" log={log} rows={all} canFollow />
      )}
      <Notes model={model} />
      {log.selected.value !== undefined && <LogSelection id={model.id} log={log} />}
    </div>
  );
}

function NoLines({ run, isRead }: { readonly run: Evaluation; readonly isRead: boolean }): JSX.Element {
  if (!isRead) return <Loading what="the log" />;
  if (run.state === "queued")
    return <EmptyState title="Not started yet">Its output is shown here as it comes.</EmptyState>;
  return (
    <EmptyState title="No output">
      {hasEnded(run.state) ? "The run wrote nothing." : "The run has written nothing yet."}
    </EmptyState>
  );
}

function NoMatches({
  isBusy,
  fault,
}: {
  readonly isBusy: boolean;
  readonly fault: string | undefined;
}): JSX.Element {
  if (isBusy) return <Loading what="matches" />;
  return fault === undefined ? (
    <EmptyState title="No line is like this" />
  ) : (
    <EmptyState title="The log could not be searched" isFault>
      {fault}
    </EmptyState>
  );
}

/** What is to be known of the log as a whole: what was not sent live, and what could not be fetched. */
function Notes({ model }: { readonly model: RunModel }): JSX.Element | null {
  const { log } = model;
  void log.version.value;
  const skipped = log.store.skippedLines;
  const hasFaults = log.fetcher.hasFaults;
  if (skipped === 0 && !hasFaults) return null;
  return (
    <div class="log-notes">
      {skipped > 0 && (
        <p>{`${formatCount(skipped)} lines came too fast to be sent live; they are read from the file as you look at them.`}</p>
      )}
      {hasFaults && (
        <p class="log-notes-fault" role="alert">
          Some lines could not be fetched. <Button onClick={() => log.fetcher.retry()}>Try again</Button>
        </p>
      )}
    </div>
  );
}
