import { Age, Badge, formatCount } from "@tidings/ui";
import type { JSX } from "preact";
import { explainEvent } from "../../logic/explain.ts";
import { to } from "../../logic/route.ts";
import { type Trouble, troubles } from "./tops.ts";

/** What was refused or went wrong of late, and why. */
export function RefusedPart(): JSX.Element {
  const rows = troubles.value;
  return (
    <section class="panel answer" aria-labelledby="refused-title">
      <h2 id="refused-title">
        Refused and broken <a href={to.events()}>all events</a>
      </h2>
      {rows === undefined ? (
        <p class="answer-none quiet">…</p>
      ) : rows.length === 0 ? (
        <p class="answer-none">Nothing, for as long as this server remembers.</p>
      ) : (
        <ul>
          {rows.map((trouble) => (
            <Row key={trouble.event.cursor} trouble={trouble} />
          ))}
        </ul>
      )}
    </section>
  );
}

function Row({ trouble: { event, count } }: { readonly trouble: Trouble }): JSX.Element {
  const { kind, code, why, tone } = explainEvent(event);
  const search = event.address ?? event.connection ?? "";
  return (
    <li class="row answer-row">
      <a class="row-link clip" href={to.events(search, event.kind)}>
        <Badge tone={tone}>{code ?? kind}</Badge> <span class="quiet">{event.address}</span>
      </a>
      <span class="number quiet">
        {count > 1 && <b>{`${formatCount(count)} × `}</b>}
        <Age time={event.time} />
      </span>
      <span class="answer-note quiet clip" title={why}>
        {why}
      </span>
    </li>
  );
}
