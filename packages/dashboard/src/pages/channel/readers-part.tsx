import { formatCount, now, Status } from "@tidings/ui";
import type { JSX } from "preact";
import { urlOf } from "../../live/api.ts";
import type { ConnectionList } from "../../live/shapes.ts";
import { useAnswer } from "../../live/use-answer.ts";
import { nameOf, sayState } from "../../logic/explain.ts";
import { to } from "../../logic/route.ts";
import { transportName } from "../../logic/transport.ts";
import { toneOf } from "../../logic/tone.ts";

const SHOWN = 6;
const EVERY_MS = 3_000;

/** Who reads the channel, the furthest behind first, and why. */
export function ReadersPart({ name }: { readonly name: string }): JSX.Element {
  const url = urlOf("admin/connections", { channel: name, sort: "lag", limit: SHOWN });
  const { value } = useAnswer<ConnectionList>(url, EVERY_MS).value;
  return (
    <section class="panel answer" aria-labelledby="readers-title">
      <h2 id="readers-title">
        Readers {value !== undefined && <span class="panel-count">{formatCount(value.count)}</span>}
        {value !== undefined && value.count > SHOWN && <a href={to.readersOf(name)}>all readers</a>}
      </h2>
      {value === undefined ? (
        <p class="answer-none quiet">…</p>
      ) : value.connections.length === 0 ? (
        <p class="answer-none">Nobody reads it.</p>
      ) : (
        <ul>
          {value.connections.map((row) => (
            <li key={row.connection} class="row answer-row">
              <a class="row-link clip" href={to.connection(row.connection)}>
                {nameOf(row.who)} <span class="quiet">{row.address}</span>
              </a>
              <b class={row.lag === 0 ? "number quiet" : "number"}>{formatCount(row.lag)}</b>
              <span class="answer-note quiet">
                <Status tone={toneOf(row.state)}>{sayState(row, now.value)}</Status>
                <span>{transportName(row.transport)}</span>
              </span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
