import { useSignal } from "@preact/signals";
import { Age, EmptyState, formatBytes, formatCount, Loading, now, SearchBox, Status } from "@tidings/ui";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { FaultNote } from "../../components/fault-note.tsx";
import { MissingNote } from "../../components/missing-note.tsx";
import { Pager } from "../../components/pager.tsx";
import { onRowKeys } from "../../components/row-keys.ts";
import { SortHead } from "../../components/sort-head.tsx";
import { transportName } from "../../logic/transport.ts";
import { Who } from "../../components/who.tsx";
import { urlOf } from "../../live/api.ts";
import { usePages } from "../../live/pages.ts";
import { rememberQuery } from "../../live/route.ts";
import type { ConnectionList, ConnectionRow } from "../../live/shapes.ts";
import { useAnswer } from "../../live/use-answer.ts";
import { sayState } from "../../logic/explain.ts";
import { to } from "../../logic/route.ts";
import { toneOf } from "../../logic/tone.ts";

const PAGE_ROWS = 50;
/** How often the server is asked, in milliseconds. */
const EVERY_MS = 3_000;

type Order = "lag" | "age" | "bytes" | "rate";

interface ConnectionsPageProps {
  readonly search: string;
  /** Only those that read it; empty for all. */
  readonly channel: string;
}

/** All connections, those that are furthest behind first. */
export function ConnectionsPage({ search: given, channel }: ConnectionsPageProps): JSX.Element {
  const search = useSignal(given);
  const sort = useSignal<Order>("lag");
  const pages = usePages(PAGE_ROWS);
  const body = useRef<HTMLTableSectionElement>(null);
  const url = urlOf("admin/connections", {
    search: search.value,
    channel,
    sort: sort.value,
    limit: PAGE_ROWS,
    after: pages.after,
  });
  const { value, fault } = useAnswer<ConnectionList>(url, EVERY_MS).value;
  useEffect(() => {
    document.title = "Connections · Tidings";
    return onRowKeys(() => body.current);
  }, []);
  const onSort = (order: Order): void => {
    sort.value = order;
    pages.first();
  };
  const head = (label: string, order: Order, wide = ""): JSX.Element => (
    <SortHead label={label} order={order} current={sort.value} onSort={onSort} class={`number ${wide}`} />
  );
  return (
    <div class="page list-page">
      <h1 class="visually-hidden">Connections</h1>
      <div class="toolbar">
        <SearchBox
          label="Search by name, address, id"
          value={search.value}
          onInput={(text) => {
            search.value = text;
            pages.first();
            rememberQuery(to.connections, { channel, search: text });
          }}
          onKeyDown={(event) => {
            if (event.key === "ArrowDown") body.current?.querySelector<HTMLElement>(".row-link")?.focus();
          }}
        />
        {channel !== "" && (
          <span>
            that read <a href={to.channel(channel)}>{channel}</a> · <a href={to.connections}>show all</a>
          </span>
        )}
        <span class="toolbar-gap" />
        {value !== undefined && (
          <Pager
            skip={pages.skip}
            shown={value.connections.length}
            count={value.count}
            hasNext={value.next !== undefined}
            what="connections"
            size={PAGE_ROWS}
            onSkip={(skip) => pages.go(skip, value.next)}
          />
        )}
      </div>
      <FaultNote fault={fault} />
      <MissingNote missing={value?.missing} />
      {value === undefined ? (
        <Loading what="connections" />
      ) : value.connections.length === 0 ? (
        <EmptyState title="No connection is like this" />
      ) : (
        <div class="table-box">
          <table class="table connections" aria-label="Connections">
            <thead>
              <tr>
                <th scope="col" class="fill">
                  Who
                </th>
                <th scope="col" class="wide">
                  Transport
                </th>
                <th scope="col" class="wide">
                  Address
                </th>
                <th scope="col">State</th>
                {head("Lag", "lag")}
                <th scope="col" class="number wide">
                  Channels
                </th>
                {head("Out/s", "rate", "wide")}
                {head("Bytes", "bytes", "wide")}
                {head("Age", "age")}
              </tr>
            </thead>
            <tbody ref={body}>
              {value.connections.map((row) => (
                <Row key={row.connection} row={row} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}

function Row({ row }: { readonly row: ConnectionRow }): JSX.Element {
  const { connection, who, transport, address, state, lag, channels, bytes, bytesPerSecond, since } = row;
  return (
    <tr class="row">
      <td class="fill">
        <a class="row-link" href={to.connection(connection)}>
          <Who who={who} />
        </a>{" "}
        <span class="mono quiet">{connection}</span>
      </td>
      <td class="wide">{transportName(transport)}</td>
      <td class="wide mono">{address}</td>
      <td>
        <Status tone={toneOf(state)}>{sayState(row, now.value)}</Status>
      </td>
      <td class={lag === 0 ? "number quiet" : "number lag"}>{formatCount(lag)}</td>
      <td class="number wide">{formatCount(channels)}</td>
      <td class="number wide">{bytesPerSecond === null ? "…" : formatBytes(bytesPerSecond)}</td>
      <td class="number wide">{formatBytes(bytes)}</td>
      <td class="number quiet">
        <Age time={since} />
      </td>
    </tr>
  );
}
