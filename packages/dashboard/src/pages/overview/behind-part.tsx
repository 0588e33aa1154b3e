import { formatCount, now, Status } from "@tidings/ui";
import type { JSX } from "preact";
import { transportName } from "../../logic/transport.ts";
import type { ConnectionRow } from "../../live/shapes.ts";
import { nameOf, sayState } from "../../logic/explain.ts";
import { to } from "../../logic/route.ts";
import { behind } from "./tops.ts";

const SHOWN = 5;

/** Which reader is furthest behind, and why. */
export function BehindPart(): JSX.Element {
  const rows = behind.value;
  return (
    <section class="panel answer" aria-labelledby="behind-title">
      <h2 id="behind-title">
        Furthest behind <a href={to.connections}>all connections</a>
      </h2>
      {rows === undefined ? (
        <p class="answer-none quiet">…</p>
      ) : rows.length === 0 ? (
        <p class="answer-none">Every reader has everything.</p>
      ) : (
        <ul>
          {rows.slice(0, SHOWN).map((row) => (
            <Behind key={row.connection} row={row} />
          ))}
        </ul>
      )}
    </section>
  );
}

function Behind({ row }: { readonly row: ConnectionRow }): JSX.Element {
  const { connection, who, address, transport, lag, slowest, state } = row;
  return (
    <li class="row answer-row">
      <a class="row-link" href={to.connection(connection)}>
        {nameOf(who)} <span class="quiet">{address}</span>
      </a>
      <b class="number">{formatCount(lag)}</b>
      <span class="answer-note quiet">
        <Status tone={state === "waiting" ? "bad" : "busy"}>{sayState(row, now.value)}</Status>
        <span class="clip">
          {transportName(transport)}, {slowest}
        </span>
      </span>
    </li>
  );
}
