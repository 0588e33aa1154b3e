import type { Signal } from "@preact/signals";
import { Age, Elapsed, formatCount } from "@tidings/ui";
import type { JSX } from "preact";
import type { Summary } from "../../../../shared/channels.ts";
import { AlertCounts, StateBadge } from "../../components/badge.tsx";
import { Progress } from "../../components/progress.tsx";
import { opened } from "./list-state.ts";

/** One run. The link covers the whole row: it is one target for the mouse, and one stop for the keyboard. */
export function RunRow({ run }: { readonly run: Signal<Summary> }): JSX.Element {
  const {
    id,
    title,
    state,
    progress,
    alerts,
    lines,
    createdBy,
    createdAt,
    startedAt,
    endedAt,
    queue,
    priority,
    reason,
  } = run.value;
  const note = state === "queued" ? undefined : (progress?.note ?? reason);
  return (
    <tr class="run row" data-run={id}>
      <td class="col-state">
        <StateBadge state={state} />
      </td>
      <td class="col-run">
        <a class="run-link row-link" href={`/runs/${id}`} onClick={() => (opened.id = id)}>
          <span class="run-title">{title}</span> <span class="run-id">{id}</span>
        </a>
        {note !== undefined && <span class="run-note">{note}</span>}
      </td>
      <td class="col-progress">
        {state === "queued" ? (
          <QueuePlace queue={queue} priority={priority} />
        ) : progress === undefined ? (
          <span class="quiet">–</span>
        ) : (
          <Progress progress={progress} state={state} label={id} />
        )}
      </td>
      <td class="col-alerts">
        <AlertCounts alerts={alerts} />
      </td>
      <td class="col-lines number">{lines > 0 ? formatCount(lines) : "–"}</td>
      <td class="col-by">{createdBy}</td>
      <td class="col-time number">
        {startedAt === undefined ? "–" : <Elapsed from={startedAt} to={endedAt} />}
      </td>
      <td class="col-age number">
        <Age time={createdAt} />
      </td>
    </tr>
  );
}

interface QueuePlaceProps {
  readonly queue: Summary["queue"] | undefined;
  readonly priority: number;
}

function QueuePlace({ queue, priority }: QueuePlaceProps): JSX.Element {
  return (
    <span class="queue-place">
      {queue === undefined ? "waiting" : `${queue.position} of ${queue.of} in the queue`}
      {priority !== 0 && <span class="priority"> · priority {priority}</span>}
    </span>
  );
}
