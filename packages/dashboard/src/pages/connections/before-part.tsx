import { Age } from "@tidings/ui";
import type { JSX } from "preact";
import { urlOf } from "../../live/api.ts";
import type { EventList, Who } from "../../live/shapes.ts";
import { useAnswer } from "../../live/use-answer.ts";
import { explainEvent } from "../../logic/explain.ts";
import { to } from "../../logic/route.ts";

const EVERY_MS = 10_000;

interface BeforePartProps {
  readonly who: Who;
  readonly address: string;
}

/** How the last connection of the same client ended, as far as one can tell who is the same; nothing where none has. */
export function BeforePart({ who, address }: BeforePartProps): JSX.Element | null {
  const search = who.subject ?? who.id ?? address;
  const url = urlOf("admin/events", { search, kind: "disconnected", limit: 1 });
  const event = useAnswer<EventList>(url, EVERY_MS).value.value?.events[0];
  if (event === undefined) return null;
  const { code, why } = explainEvent(event);
  return (
    <p>
      <span class="quiet">
        Last disconnect of {search} (<Age time={event.time} />
        ):
      </span>{" "}
      <b>{code}</b>. {why} <a href={to.events(search)}>All its events</a>
    </p>
  );
}
