import { Age, Badge, formatBytes, formatClock, formatDuration } from "@tidings/ui";
import type { JSX } from "preact";
import { transportName } from "../../logic/transport.ts";
import type { EventRow } from "../../live/shapes.ts";
import { explainEvent, nameOf } from "../../logic/explain.ts";
import { to } from "../../logic/route.ts";

/** What happened, to whom, why, and what to do. */
export function EventItem({ event }: { readonly event: EventRow }): JSX.Element {
  const { kind, code, why, todo, tone } = explainEvent(event);
  return (
    <li class="event" data-kind={event.kind} data-code={code}>
      <span class="event-time">
        {formatClock(event.time)}
        <span class="quiet">
          <Age time={event.time} />
        </span>
      </span>
      <div class="event-body">
        <p class="event-head">
          <Badge tone={tone}>{kind}</Badge>
          {code !== undefined && <b class="mono">{code}</b>}
          <Facts event={event} />
        </p>
        <p>{why}</p>
        {todo !== undefined && <p class="quiet">{todo}</p>}
      </div>
    </li>
  );
}

function Facts({ event }: { readonly event: EventRow }): JSX.Element {
  const { who, address, channel, connection, transport, method, route, request, openSeconds, bytes } = event;
  return (
    <span class="event-facts">
      {who !== undefined && <span>{nameOf(who)}</span>}
      {address !== undefined && <a href={to.events(address)}>{address}</a>}
      {route !== undefined && (
        <span class="mono">
          {method} {route}
        </span>
      )}
      {transport !== undefined && <span>{transportName(transport)}</span>}
      {channel !== undefined && <a href={to.channel(channel)}>{channel}</a>}
      {connection !== undefined && (
        <a class="mono" href={to.connection(connection)}>
          {connection}
        </a>
      )}
      {openSeconds !== undefined && (
        <span>
          open {formatDuration(openSeconds * 1_000)}
          {bytes !== undefined && `, ${formatBytes(bytes)}`}
        </span>
      )}
      {request !== undefined && <span class="mono">request {request}</span>}
    </span>
  );
}
