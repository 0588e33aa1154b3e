import { useComputed } from "@preact/signals";
import { Age, Elapsed, EmptyState, formatCount, formatDuration, Loading } from "@tidings/ui";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { useLocation } from "preact-iso/router";
import { AlertCounts, SeverityBadge, StateBadge } from "../../components/badge.tsx";
import { Progress } from "../../components/progress.tsx";
import { areAlertsRead, latestAlerts, readAlerts } from "../../live/alerts.ts";
import { listState, summaries } from "../../live/list.ts";
import {
  ALL_RUNS,
  compare,
  countGroups,
  countKinds,
  isInGroup,
  type KindCounts,
  type StateGroup,
} from "../../logic/run-list.ts";
import { filter } from "../list/list-state.ts";
import { Throughput } from "./throughput.tsx";

/** Runs and alerts that are listed; the rest is a press away. */
const MAX_LISTED = 12;

export function OverviewPage(): JSX.Element {
  useEffect(() => {
    document.title = "Overview · Evaluations";
    readAlerts();
  }, []);
  const counts = useComputed(() => countGroups(summaries.value)).value;
  const kindCounts = useComputed(() => countKinds(summaries.value)).value;
  if (listState.value === "loading" && counts.all === 0) return <Loading what="the overview" />;
  const ended = counts.succeeded + counts.failed;
  return (
    <div class="page overview">
      <h1 class="visually-hidden">Overview</h1>
      <section class="tiles" aria-label="Runs by state">
        <Tile group="active" label="Active" count={counts.active} />
        <Tile group="queued" label="Queued" count={counts.queued} />
        <Tile group="succeeded" label="Succeeded" count={counts.succeeded} />
        <Tile group="failed" label="Failed" count={counts.failed} />
        <div class="tile">
          <span class="tile-label">Success</span>
          <span class="tile-count">
            {ended === 0 ? "–" : `${Math.round((counts.succeeded / ended) * 100)}%`}
          </span>
        </div>
      </section>
      <div class="overview-columns">
        <div class="overview-column">
          <section class="panel" aria-label="Active runs">
            <h2>Active</h2>
            <Active />
          </section>
          <section class="panel" aria-label="Throughput">
            <h2>Ended in the last 24 hours</h2>
            <Throughput />
          </section>
          <section class="panel" aria-label="Kinds">
            <h2>Kinds</h2>
            <Kinds kinds={kindCounts} />
          </section>
        </div>
        <div class="overview-column">
          <section class="panel" aria-label="Latest alerts">
            <h2>Latest alerts</h2>
            <LatestAlerts />
          </section>
        </div>
      </div>
    </div>
  );
}

interface TileProps {
  readonly group: StateGroup;
  readonly label: string;
  readonly count: number;
}

/** A number that leads to the runs it counts. */
function Tile({ group, label, count }: TileProps): JSX.Element {
  const { route } = useLocation();
  return (
    <a
      class={count === 0 ? "tile" : `tile tile-${group}`}
      href="/"
      onClick={(event) => {
        event.preventDefault();
        filter.value = { ...ALL_RUNS, group };
        route("/");
      }}
    >
      <span class="tile-label">{label}</span>
      <span class="tile-count">{formatCount(count)}</span>
    </a>
  );
}

function Active(): JSX.Element {
  const all = useComputed(() =>
    summaries.value.filter(({ state }) => isInGroup(state, "active")).sort(compare("state")),
  ).value;
  if (all.length === 0) return <EmptyState title="Nothing runs" />;
  return (
    <ul class="active-list">
      {all.slice(0, MAX_LISTED).map(({ id, title, state, progress, alerts, startedAt, endedAt }) => (
        <li key={id} class="active-run">
          <StateBadge state={state} />
          <a class="run-link" href={`/runs/${id}`}>
            <span class="run-title">{title}</span> <span class="run-id">{id}</span>
          </a>
          <AlertCounts alerts={alerts} />
          <Progress progress={progress} state={state} label={id} />
          <span class="number">{startedAt !== undefined && <Elapsed from={startedAt} to={endedAt} />}</span>
        </li>
      ))}
      {all.length > MAX_LISTED && <li class="quiet">and {formatCount(all.length - MAX_LISTED)} more</li>}
    </ul>
  );
}

function LatestAlerts(): JSX.Element {
  const all = latestAlerts.value;
  if (all.length === 0)
    return areAlertsRead.value ? <EmptyState title="No alerts" /> : <Loading what="alerts" />;
  return (
    <ul class="alert-list">
      {all.slice(0, MAX_LISTED).map((alert, at) => (
        <li key={all.length - at} class={`alert alert-${alert.severity}`}>
          <SeverityBadge severity={alert.severity} />
          <div class="alert-body">
            <p class="alert-title">
              <a
                href={
                  alert.line === undefined
                    ? `/runs/${alert.evaluation}`
                    : `/runs/${alert.evaluation}?line=${alert.line}`
                }
              >
                {alert.title}
              </a>{" "}
              <span class="run-id">{alert.evaluation}</span>
            </p>
            <p class="alert-text">{alert.text}</p>
          </div>
          <Age time={alert.at} />
        </li>
      ))}
    </ul>
  );
}

function Kinds({ kinds }: { readonly kinds: readonly KindCounts[] }): JSX.Element {
  if (kinds.length === 0) return <EmptyState title="Nothing has run yet" />;
  return (
    <table class="table kinds-table">
      <thead>
        <tr>
          <th scope="col">Kind</th>
          <th scope="col" class="number">
            Active
          </th>
          <th scope="col" class="number">
            Queued
          </th>
          <th scope="col" class="number">
            Succeeded
          </th>
          <th scope="col" class="number">
            Failed
          </th>
          <th scope="col" class="number">
            Median time
          </th>
        </tr>
      </thead>
      <tbody>
        {kinds.map(({ kind, active, queued, succeeded, failed, medianMs }) => (
          <tr key={kind}>
            <th scope="row">{kind}</th>
            <td class="number">{formatCount(active)}</td>
            <td class="number">{formatCount(queued)}</td>
            <td class="number">{formatCount(succeeded)}</td>
            <td class="number">{formatCount(failed)}</td>
            <td class="number">{medianMs === undefined ? "–" : formatDuration(medianMs)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
