import { formatClock, formatDuration } from "@tidings/ui";
import type { JSX } from "preact";
import { results } from "../live/lab.ts";
import { SWITCHES, switchTitle, transportTitle } from "../logic/transports.ts";
import { faultSpans, type Span, spansOf } from "../logic/timeline.ts";

/** What is in sight at most, in milliseconds: longer, and a change that takes a second is too thin to see. */
const MAX_SIGHT_MS = 120_000;
const LEAST_SIGHT_MS = 20_000;
const WIDTH = 1_000;
/** Of changes that are told in words. */
const MAX_TOLD = 12;

/** Where the first reader of each transport was, with the faults above. */
export function TimelinePart(): JSX.Element | null {
  const told = results.value;
  const run = told?.run;
  if (told === undefined || run === undefined || run === null) return null;
  const { transports } = told;
  const untilMs = told.atMs;
  const fromMs = Math.max(run.startedAtMs, untilMs - MAX_SIGHT_MS);
  const sight = { fromMs, toMs: Math.max(untilMs, fromMs + LEAST_SIGHT_MS) };
  const outages = Object.values(transports).flatMap((each) => each.outages);
  const faults = SWITCHES.map(({ kind, title }) => ({
    kind,
    title,
    spans: faultSpans(outages, kind, untilMs),
  }));
  const seen = faults.filter(({ spans }) => spans.some(({ toMs }) => toMs > fromMs));
  const auto = transports.auto;
  // What matters most, first.
  const names = Object.keys(transports).toSorted(
    (one, other) => Number(other === "auto") - Number(one === "auto"),
  );
  return (
    <section class="panel" aria-labelledby="timeline-title">
      <h2 id="timeline-title">Where they were</h2>
      <p class="field-hint wide-hint">
        One reader of each, over time. <b>auto</b> has the colour of the transport that it is on: with a
        WebSocket blocked it goes on over another one, and comes back once it may. Red above is a switch that
        was thrown; grey is no connection.
      </p>
      <div class="timeline">
        {seen.map(({ kind, title, spans }) => (
          <Row
            key={kind}
            label={title}
            spans={spans}
            sight={sight}
            look="timeline-fault"
            words={`${title}: ${said(spans, sight.fromMs)}`}
          />
        ))}
        {names.map((name) => {
          const spans = spansOf(transports[name as keyof typeof transports]?.history ?? [], untilMs);
          return (
            <Row
              key={name}
              label={transportTitle(name)}
              spans={spans}
              sight={sight}
              look={name === "auto" ? "timeline-auto" : ""}
              words={`${transportTitle(name)}: ${said(spans, sight.fromMs)}`}
            />
          );
        })}
        <p class="timeline-ends" aria-hidden="true">
          <span>{formatClock(sight.fromMs)}</span>
          <span>{formatClock(sight.toMs)}</span>
        </p>
      </div>
      {auto !== undefined && auto.history.length > 0 && (
        <details class="more">
          <summary>The changes of auto, in words</summary>
          <ol class="changes" data-changes="auto">
            {auto.history.slice(-MAX_TOLD).map(({ atMs, state, transport, code }) => (
              <li key={atMs}>
                <time>{formatClock(atMs)}</time> {state}
                {transport !== null && ` over ${transportTitle(transport)}`}
                {code !== undefined && <code> {code}</code>}
              </li>
            ))}
          </ol>
        </details>
      )}
    </section>
  );
}

interface RowProps {
  readonly label: string;
  readonly spans: readonly Span[];
  readonly sight: { readonly fromMs: number; readonly toMs: number };
  readonly look: string;
  readonly words: string;
}

function Row({ label, spans, sight: { fromMs, toMs }, look, words }: RowProps): JSX.Element {
  const xOf = (ms: number): number => (WIDTH * (Math.max(ms, fromMs) - fromMs)) / (toMs - fromMs);
  return (
    <div class={`timeline-row ${look}`}>
      <span class="timeline-label">{label}</span>
      <svg viewBox={`0 0 ${WIDTH} 10`} preserveAspectRatio="none" role="img" aria-label={words}>
        {spans
          .filter((span) => span.toMs > fromMs)
          .map((span) => (
            <rect
              key={span.fromMs}
              class={`fill-${span.as}`}
              x={xOf(span.fromMs)}
              width={Math.max(1.5, xOf(span.toMs) - xOf(span.fromMs))}
              y="0"
              height="10"
            >
              <title>{`${nameOf(span)}, ${formatDuration(span.toMs - span.fromMs)} from ${formatClock(span.fromMs)}${span.code === undefined ? "" : ` (${span.code})`}`}</title>
            </rect>
          ))}
      </svg>
    </div>
  );
}

function nameOf({ as }: Span): string {
  if (as === "away") return "no connection";
  return SWITCHES.some(({ kind }) => kind === as) ? switchTitle(as as "cut") : transportTitle(as);
}

function said(spans: readonly Span[], fromMs: number): string {
  const shown = spans.filter(({ toMs }) => toMs > fromMs);
  return (
    shown.map((span) => `${nameOf(span)} for ${formatDuration(span.toMs - span.fromMs)}`).join(", ") ||
    "nothing yet"
  );
}
