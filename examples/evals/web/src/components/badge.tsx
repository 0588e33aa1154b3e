import { Badge, Status, type Tone } from "@tidings/ui";
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
export const TONES: Readonly<Record<State, Tone>> = {
  queued: "quiet",
  starting: "busy",
  running: "busy",
  paused: "warn",
  succeeded: "good",
  failed: "bad",
  stopped: "quiet",
  "timed-out": "bad",
  "out-of-memory": "bad",
  lost: "bad",
};
const MARKS: Readonly<Partial<Record<State, "ring" | "turning" | "bars" | "square">>> = {
  queued: "ring",
  starting: "turning",
  running: "turning",
  paused: "bars",
  stopped: "square",
};
export const SEVERITY_NAMES: Readonly<Record<Severity, string>> = {
  info: "Info",
  warning: "Warning",
  critical: "Critical",
};
const SEVERITY_TONES: Readonly<Record<Severity, Tone>> = { info: "busy", warning: "warn", critical: "bad" };

/** The state in a word and a colour; the mark's shape tells it without colour. */
export function StateBadge({ state }: { readonly state: State }): JSX.Element {
  const mark = MARKS[state];
  return (
    <Status state={state} tone={TONES[state]} {...(mark === undefined ? {} : { mark })}>
      {LABELS[state]}
    </Status>
  );
}

export function SeverityBadge({ severity }: { readonly severity: Severity }): JSX.Element {
  return <Badge tone={SEVERITY_TONES[severity]}>{severity}</Badge>;
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
        <span
          key={severity}
          class={`badge badge-${SEVERITY_TONES[severity]} count`}
          title={`${alerts[severity]} ${severity}`}
        >
          {alerts[severity] > 999 ? "999+" : alerts[severity]}
          <span class="visually-hidden"> {severity}</span>
        </span>
      ))}
    </span>
  );
}
