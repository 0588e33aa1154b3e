import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import type { AlertMessage } from "../../../../shared/channels.ts";
import { SEVERITIES, type Severity } from "../../../../shared/manifest.ts";
import { Age } from "../../components/age.tsx";
import { SeverityBadge } from "../../components/badge.tsx";
import { Button } from "../../components/button.tsx";
import { EmptyState } from "../../components/empty-state.tsx";

/** Alerts that are shown at first, and more by each press. */
const PAGE_ALERTS = 200;

interface AlertsPartProps {
  /** Newest first. */
  readonly alerts: readonly AlertMessage[];
  readonly onLine: (line: number) => void;
}

export function AlertsPart({ alerts, onLine }: AlertsPartProps): JSX.Element {
  const only = useSignal<Severity | "all">("all");
  const limit = useSignal(PAGE_ALERTS);
  if (alerts.length === 0)
    return <EmptyState title="No alerts">Rules on the output, and the run itself, raise them.</EmptyState>;
  const found = only.value === "all" ? alerts : alerts.filter(({ severity }) => severity === only.value);
  const severities = ["all", ...SEVERITIES.toReversed()] as const;
  return (
    <div class="alerts-part">
      <div class="segments" role="group" aria-label="Severity">
        {severities.map((name) => (
          <button
            key={name}
            class="segment"
            type="button"
            aria-pressed={only.value === name}
            onClick={() => (only.value = name)}
          >
            {name === "all" ? "All" : name}{" "}
            <span class="segment-count">
              {name === "all" ? alerts.length : alerts.filter(({ severity }) => severity === name).length}
            </span>
          </button>
        ))}
      </div>
      <ul class="alert-list" aria-label="Alerts">
        {found.slice(0, limit.value).map((alert, at) => (
          <li key={alerts.length - at} class={`alert alert-${alert.severity}`}>
            <SeverityBadge severity={alert.severity} />
            <div class="alert-body">
              <p class="alert-title">
                {alert.title} <span class="alert-rule">{alert.rule}</span>
              </p>
              <p class="alert-text">{alert.text}</p>
            </div>
            {alert.line !== undefined && (
              <button class="link" type="button" onClick={() => onLine(alert.line ?? 1)}>
                line {alert.line}
              </button>
            )}
            <Age time={alert.at} />
          </li>
        ))}
      </ul>
      {found.length > limit.value && (
        <Button onClick={() => (limit.value += PAGE_ALERTS)}>{`Show more of ${found.length}`}</Button>
      )}
    </div>
  );
}
