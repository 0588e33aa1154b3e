import { NEEDS, type Ranked, TRANSPORTS } from "@tidings/protocol";
import { Badge, formatMs, plural } from "@tidings/ui";
import type { JSX } from "preact";
import { isRunning, place, results } from "../live/lab.ts";
import { advised, change, needs } from "./needs-state.ts";

/** The advice, its reasons, and what would change it. */
export function AdviceText(): JSX.Element {
  const { choice, fallback, later, sending, settings, changes, ranking } = advised.value;
  // Others are pinned, or no transport of the client's at all.
  const isLeftToClient = choice?.transport === "sse" || choice?.transport === "ws";
  return (
    <section class="panel advice" aria-labelledby="advice-title">
      <p class="advice-over">Use</p>
      <h3 id="advice-title" class="advice-choice" data-advice={choice?.transport ?? "none"}>
        <span role="status">{choice === null ? "nothing of this version" : capital(choice.title)}</span>
      </h3>
      {choice !== null && (
        <>
          <Measured transport={choice.transport} />
          <Reasons of={choice} />
        </>
      )}
      <dl class="advice-facts">
        {fallback !== null && (
          <div>
            <dt>Where it does not come through</dt>
            <dd data-advice-fallback={fallback.transport}>
              {capital(fallback.title)}.{isLeftToClient && " The client changes by itself."}
            </dd>
          </div>
        )}
        {later !== null && (
          <div>
            <dt>Better, and not in this version</dt>
            <dd>{capital(later.title)}</dd>
          </div>
        )}
        {sending !== null && (
          <div>
            <dt>What clients send</dt>
            <dd>{sending.text}</dd>
          </div>
        )}
      </dl>
      {settings.length > 0 && (
        <>
          <h4>Set</h4>
          <ul class="settings">
            {settings.map(({ where, name, value, text }) => (
              <li key={`${where} ${name}`}>
                <code>
                  {name}: {String(value)}
                </code>{" "}
                <Badge tone="quiet">{where}</Badge>
                <p class="field-hint">{text}</p>
              </li>
            ))}
          </ul>
        </>
      )}
      {changes.length > 0 && (
        <details class="more" open={place.value.is !== "lab"}>
          <summary>What would change it: {plural(changes.length, "other need")}</summary>
          <ul class="changes-of">
            {changes.map(({ need, text, value, choice: other, later: better }) => (
              <li key={`${need} ${text}`}>
                <button class="link" type="button" onClick={() => change(need, value)}>
                  {labelOf(need)} {text}
                </button>{" "}
                <span class="quiet">
                  → {titleOf(other)}
                  {better !== null && better !== other && ` (later ${titleOf(better)})`}
                </span>
              </li>
            ))}
          </ul>
        </details>
      )}
      <details class="more">
        <summary>All transports, with every reason</summary>
        <ol class="ranking">
          {ranking.map((each) => (
            <li key={each.transport}>
              <b>{capital(each.title)}</b>{" "}
              <span class="quiet">
                {each.isPossible ? `${each.score} points` : "ruled out"}
                {!each.isBuilt && ", not in this version"}
              </span>
              <Reasons of={each} />
            </li>
          ))}
        </ol>
      </details>
    </section>
  );
}

function Reasons({ of: { reasons } }: { readonly of: Ranked }): JSX.Element {
  return (
    <ul class="reasons">
      {reasons.map(({ rule, points, text }) => (
        <li key={rule} class={points === null || points < 0 ? "reason-against" : "reason-for"}>
          <span class="points">{points === null ? "no" : points > 0 ? `+${points}` : points}</span>
          {text}
        </li>
      ))}
    </ul>
  );
}

/** What the lab has measured of it, beside what is needed. */
function Measured({ transport }: { readonly transport: string }): JSX.Element | null {
  const figures = results.value?.transports[transport as "sse"];
  const wasHit = (figures?.outages.length ?? 0) > 0;
  // What came late because of a switch says nothing of the transport; once a run is over there is nothing else.
  if (wasHit && !isRunning.value) return null;
  const p99Ms = (wasHit ? figures?.recent : figures?.total)?.p99Ms;
  if (p99Ms === undefined || p99Ms === null) return null;
  const { latencyMs } = needs.value;
  const isWithin = p99Ms <= latencyMs;
  return (
    <p class={isWithin ? "measured measured-good" : "measured"}>
      Measured here{wasHit && ", in the last 5 s"}: 99 of 100 within <b>{formatMs(p99Ms)}</b>; you need{" "}
      {formatMs(latencyMs)}.
    </p>
  );
}

function labelOf(name: string): string {
  return capital(NEEDS.find((need) => need.name === name)?.label ?? name);
}

function titleOf(transport: keyof typeof TRANSPORTS | null): string {
  return transport === null ? "nothing of this version" : TRANSPORTS[transport].title;
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
