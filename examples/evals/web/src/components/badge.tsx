import type { JSX } from "preact";
import type { State } from "../../../shared/evaluation.ts";
import type { Severity } from "../../../shared/manifest.ts";

const LABELS: Readonly<Record<State, string>> = {
  queued: "Queued",
  starting: "Starting",
  running: "Running",
  paused: "Paused",
  succeeded: "Succeeded",
  failed: "Failed",
  stopped: "Stopped",
  "timed-out": "Timed out",
  "out-of-memory": "Out of memory",
  lost: "Lost",
};

/** The state in a word and a colour; the mark's shape tells it without colour. */
export function StateBadge({ state }: { readonly state: State }): JSX.Element {
  return (
    <span class={`state state-${state}`} data-state={state}>
      <i class="state-mark" aria-hidden="true" />
      {LABELS[state]}
    </span>
  );
}

export function SeverityBadge({ severity }: { readonly severity: Severity }): JSX.Element {
  return <span class={`severity severity-${severity}`}>{severity}</span>;
}

/** How many alerts of each severity, without those that there are none of. */
export function AlertCounts({
  alerts,
}: {
  readonly alerts: Readonly<Record<Severity, number>>;
}): JSX.Element {
  const shown = (["critical", "warning", "info"] as const).filter((severity) => alerts[severity] > 0);
  return (
    <span class="alert-counts">
      {shown.map((severity) => (
        <span key={severity} class={`count severity-${severity}`} title={`${alerts[severity]} ${severity}`}>
          {alerts[severity] > 999 ? "999+" : alerts[severity]}
          <span class="visually-hidden"> {severity}</span>
        </span>
      ))}
    </span>
  );
}
