import { formatBytes, formatClock, formatDuration, formatMoment, JsonTree } from "@tidings/ui";
import type { JSX } from "preact";
import type { Evaluation } from "../../../../shared/evaluation.ts";
import type { RunModel } from "../../live/run.ts";
import { Parameters } from "./parameters.tsx";

interface DetailsPartProps {
  readonly model: RunModel;
  readonly run: Evaluation;
}

/** Parameters, result, limits, and what happened when. */
export function DetailsPart({ model, run }: DetailsPartProps): JSX.Element {
  return (
    <div class="details">
      <Parameters model={model} run={run} />
      <About model={model} run={run} />
    </div>
  );
}

/** What changes rarely, or not at all. */
export function About({ model, run }: DetailsPartProps): JSX.Element {
  return (
    <div class="details">
      {run.result !== undefined && (
        <section class="panel" aria-label="Result">
          <h2>Result</h2>
          <div class="json-tree">
            <JsonTree value={run.result} />
          </div>
        </section>
      )}
      <section class="panel" aria-label="Activity">
        <h2>Activity</h2>
        <ol class="happenings">
          {model.happenings.value.toReversed().map(({ at, text, tone }, index) => (
            <li key={model.happenings.value.length - index} class={`happening tone-${tone}`}>
              <span>{text}</span>
              <time dateTime={at} title={formatMoment(at)}>
                {formatClock(at)}
              </time>
            </li>
          ))}
        </ol>
      </section>
      <section class="panel" aria-label="Limits">
        <h2>Limits</h2>
        <dl class="facts">
          <div>
            <dt>Time</dt>
            <dd>{formatDuration(run.limits.timeoutMs)}</dd>
          </div>
          <div>
            <dt>Memory</dt>
            <dd>{formatBytes(run.limits.maxMemoryBytes)}</dd>
          </div>
          <div>
            <dt>Log</dt>
            <dd>{formatBytes(run.limits.maxLogBytes)}</dd>
          </div>
        </dl>
      </section>
    </div>
  );
}
