import { Status } from "@tidings/ui";
import type { JSX } from "preact";
import { own } from "../live/browser.ts";
import { results } from "../live/lab.ts";
import type { FaultKind, Outage } from "../logic/lab-code.ts";
import { lastOf, outcomeOf } from "../logic/outcome.ts";
import { SWITCHES, transportTitle } from "../logic/transports.ts";

/** Every switch that was thrown, and how long each transport took to come back. */
export function ComeBackPart(): JSX.Element {
  const { run, transports = {} } = results.value ?? {};
  const isOver = run?.phase === "done" || run?.phase === "failed";
  const all = Object.values(transports);
  const kinds = SWITCHES.filter(({ kind }) => all.some(({ outages }) => lastOf(outages, kind) !== undefined));
  const browser = own.value?.runId === run?.id ? (own.value?.readings ?? {}) : {};
  const auto = browser["auto"];
  return (
    <section class="panel" aria-labelledby="back-title">
      <h2 id="back-title">How long each took to come back</h2>
      {kinds.length === 0 ? (
        <p class="field-hint">
          No switch was thrown in this run. Throw one above, wait a few seconds, lift it: each transport’s way
          through it is written here.
        </p>
      ) : (
        <>
          <p class="field-hint wide-hint">
            <b>Went on</b>: messages came while the switch was still thrown, since the transport is not hit,
            or found a way around. <b>Back</b>: from when it was lifted until the last reader had something
            new.
          </p>
          <div class="table-box" tabIndex={0} role="group" aria-label="Times to come back, all columns">
            <table class="table come-back" aria-label="Time to come back by transport and switch">
              <thead>
                <tr>
                  <th scope="col">Transport</th>
                  {kinds.map(({ kind, title }) => (
                    <th key={kind} scope="col">
                      {title}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {Object.entries(transports).map(([name, { outages }]) => (
                  <tr key={name} data-transport={name}>
                    <th scope="row">
                      <i class={`as as-${name}`} aria-hidden="true" />
                      <b>{transportTitle(name)}</b>
                    </th>
                    {kinds.map(({ kind, title }) => (
                      <td key={kind} data-label={title} data-fault={kind}>
                        <Outcome outages={outages} kind={kind} readers={run?.readers ?? 0} isOver={isOver} />
                      </td>
                    ))}
                  </tr>
                ))}
                {auto !== undefined && (
                  <tr data-transport="browser">
                    <th scope="row">
                      <i class="as as-auto" aria-hidden="true" />
                      <b>auto, in this browser</b>
                    </th>
                    {kinds.map(({ kind, title }) => (
                      <td key={kind} data-label={title} data-fault={kind}>
                        <Outcome
                          outages={auto.outages}
                          kind={kind}
                          readers={1}
                          isOver={own.value?.isOver ?? false}
                        />
                      </td>
                    ))}
                  </tr>
                )}
              </tbody>
            </table>
          </div>
        </>
      )}
    </section>
  );
}

interface OutcomeProps {
  readonly outages: readonly Outage[];
  readonly kind: FaultKind;
  readonly readers: number;
  readonly isOver: boolean;
}

function Outcome({ outages, kind, readers, isOver }: OutcomeProps): JSX.Element {
  const outage = lastOf(outages, kind);
  if (outage === undefined) return <span class="quiet">not thrown</span>;
  const { tone, text, detail } = outcomeOf(outage, readers, isOver);
  return (
    <Status tone={tone} title={detail}>
      {text}
    </Status>
  );
}
