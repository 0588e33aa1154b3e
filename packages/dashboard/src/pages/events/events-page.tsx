import { useSignal } from "@preact/signals";
import { EmptyState, Loading, SearchBox, Segments } from "@tidings/ui";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { FaultNote } from "../../components/fault-note.tsx";
import { MissingNote } from "../../components/missing-note.tsx";
import { Pager } from "../../components/pager.tsx";
import { urlOf } from "../../live/api.ts";
import { tidings } from "../../live/client.ts";
import { usePages } from "../../live/pages.ts";
import { rememberQuery } from "../../live/route.ts";
import type { EventList } from "../../live/shapes.ts";
import { useAnswer } from "../../live/use-answer.ts";
import { to } from "../../logic/route.ts";
import { EventItem } from "./event-item.tsx";

const PAGE_ROWS = 50;
/** How often the server is asked while nothing has happened, in milliseconds. */
const EVERY_MS = 30_000;
/** How long several events wait to be asked for at once, in milliseconds. */
const GATHER_MS = 500;

const KINDS = [
  { id: "", label: "All" },
  { id: "refused", label: "Refused" },
  { id: "disconnected", label: "Disconnected" },
  { id: "gap", label: "Gaps" },
  { id: "fault", label: "Faults" },
] as const;
type Kind = (typeof KINDS)[number]["id"];

interface EventsPageProps {
  readonly search: string;
  readonly kind: string;
}

/** What has happened, the newest first, each with why and what to do. */
export function EventsPage({ search: given, kind: givenKind }: EventsPageProps): JSX.Element {
  const search = useSignal(given);
  const kind = useSignal<Kind>(KINDS.find(({ id }) => id === givenKind)?.id ?? "");
  const pages = usePages(PAGE_ROWS);
  // Changes when something has happened: the list is asked for again.
  const seen = useSignal(0);
  const url = urlOf("admin/events", {
    search: search.value,
    kind: kind.value,
    limit: PAGE_ROWS,
    after: pages.after,
  });
  const { value, fault } = useAnswer<EventList>(`${url}#${seen.value}`, EVERY_MS).value;
  useEffect(() => {
    document.title = "Events · Tidings";
    let timer: ReturnType<typeof setTimeout> | undefined;
    const channel = tidings.channel("$tidings/events", { since: "latest" });
    channel.on("*", () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        seen.value++;
      }, GATHER_MS);
    });
    return () => {
      clearTimeout(timer);
      channel.close();
    };
  }, []);
  const remember = (): void => rememberQuery(to.events(), { kind: kind.value, search: search.value });
  return (
    <div class="page list-page">
      <h1 class="visually-hidden">Events</h1>
      <div class="toolbar">
        <SearchBox
          label="Search by address, name, code, channel"
          value={search.value}
          onInput={(text) => {
            search.value = text;
            pages.first();
            remember();
          }}
        />
        <Segments
          label="Kind"
          segments={KINDS}
          current={kind.value}
          onChange={(id) => {
            kind.value = id;
            pages.first();
            remember();
          }}
        />
        <span class="toolbar-gap" />
        {value !== undefined && (
          <Pager
            skip={pages.skip}
            shown={value.events.length}
            count={value.count}
            hasNext={value.next !== undefined}
            what="events"
            size={PAGE_ROWS}
            onSkip={(skip) => pages.go(skip, value.next)}
          />
        )}
      </div>
      <FaultNote fault={fault} />
      <MissingNote missing={value?.missing} />
      {value === undefined ? (
        <Loading what="events" />
      ) : value.events.length === 0 ? (
        <EmptyState title="Nothing of the kind has happened">
          This server remembers a week, or 10,000 events, since it was started.
        </EmptyState>
      ) : (
        <ol class="events panel" aria-label="Events">
          {value.events.map((event) => (
            <EventItem key={event.cursor} event={event} />
          ))}
        </ol>
      )}
    </div>
  );
}
