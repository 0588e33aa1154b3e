import { useSignal } from "@preact/signals";
import { Age, Button, EmptyState, type Segment, Segments } from "@tidings/ui";
import type { JSX } from "preact";
import type { AlertMessage } from "../../../../shared/channels.ts";
import { SEVERITIES, type Severity } from "../../../../shared/manifest.ts";
import { SEVERITY_NAMES, SeverityBadge } from "../../components/badge.tsx";

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
  const segments: readonly Segment<Severity | "all">[] = [
    { id: "all", label: "All", count: alerts.length },
    ...SEVERITIES.toReversed().map((id) => ({
      id,
      label: SEVERITY_NAMES[id],
      count: alerts.filter(({ severity }) => severity === id).length,
    })),
  ];
  return (
    <div class="alerts-part">
      <Segments
        label="Severity"
        segments={segments}
        current={only.value}
        onChange={(name) => (only.value = name)}
      />
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
