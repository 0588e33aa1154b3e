import { useSignal } from "@preact/signals";
import { EmptyState, formatBytes, formatCount, formatShort, Loading, SearchBox } from "@tidings/ui";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { FaultNote } from "../../components/fault-note.tsx";
import { MissingNote } from "../../components/missing-note.tsx";
import { Pager } from "../../components/pager.tsx";
import { onRowKeys } from "../../components/row-keys.ts";
import { SortHead } from "../../components/sort-head.tsx";
import { urlOf } from "../../live/api.ts";
import { rememberQuery } from "../../live/route.ts";
import type { ChannelList, ChannelRow } from "../../live/shapes.ts";
import { useAnswer } from "../../live/use-answer.ts";
import { splitCursor } from "../../logic/cursors.ts";
import { to } from "../../logic/route.ts";
import { sayRetention } from "./retention.ts";

const PAGE_ROWS = 50;
/** How often the server is asked, in milliseconds: an order of 100,000 channels costs it some. */
const EVERY_MS = 4_000;

type Order = "rate" | "lag" | "readers" | "bytes" | "name";

/** All channels, a page at a time from the server: there may be a hundred thousand. */
export function ChannelsPage({ search: given }: { readonly search: string }): JSX.Element {
  const search = useSignal(given);
  const sort = useSignal<Order>("rate");
  const skip = useSignal(0);
  const body = useRef<HTMLTableSectionElement>(null);
  const url = urlOf("admin/channels", {
    search: search.value,
    sort: sort.value,
    limit: PAGE_ROWS,
    after: skip.value === 0 ? undefined : skip.value,
  });
  const { value, fault } = useAnswer<ChannelList>(url, EVERY_MS).value;
  useEffect(() => {
    document.title = "Channels · Tidings";
    return onRowKeys(() => body.current);
  }, []);
  const onSort = (order: Order): void => {
    sort.value = order;
    skip.value = 0;
  };
  const head = (label: string, order: Order, kind = "number"): JSX.Element => (
    <SortHead label={label} order={order} current={sort.value} onSort={onSort} class={kind} />
  );
  return (
    <div class="page list-page">
      <h1 class="visually-hidden">Channels</h1>
      <div class="toolbar">
        <SearchBox
          label="Search channels"
          value={search.value}
          onInput={(text) => {
            search.value = text;
            skip.value = 0;
            rememberQuery(to.channels, { search: text });
          }}
          onKeyDown={(event) => {
            if (event.key === "ArrowDown") body.current?.querySelector<HTMLElement>(".row-link")?.focus();
          }}
        />
        <span class="quiet toolbar-note">
          {value?.complete === false ? "The log is still being looked through…" : "$ shows the system's own"}
        </span>
        <span class="toolbar-gap" />
        {value !== undefined && (
          <Pager
            skip={skip.value}
            shown={value.channels.length}
            count={value.count}
            hasNext={value.next !== undefined}
            what="channels"
            size={PAGE_ROWS}
            onSkip={(next) => (skip.value = next)}
          />
        )}
      </div>
      <FaultNote fault={fault} />
      <MissingNote missing={value?.missing} />
      {value === undefined ? (
        <Loading what="channels" />
      ) : value.channels.length === 0 ? (
        <EmptyState
          title={search.value === "" ? "There is no channel yet" : "No channel has that in its name"}
        >
          {search.value === "" && "A channel is there once something is published to it."}
        </EmptyState>
      ) : (
        <div class="table-box">
          <table class="table channels" aria-label="Channels">
            <thead>
              <tr>
                {head("Channel", "name", "fill")}
                {head("In", "rate")}
                {head("Readers", "readers")}
                {head("Slowest lag", "lag")}
                <th scope="col" class="number wide">
                  Head
                </th>
                <th scope="col" class="number wide">
                  Messages
                </th>
                {head("Bytes", "bytes")}
                <th scope="col" class="wide">
                  Keeps
                </th>
              </tr>
            </thead>
            <tbody ref={body}>
              {value.channels.map((row) => (
                <Row key={row.channel} row={row} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}

function Row({ row }: { readonly row: ChannelRow }): JSX.Element {
  const { channel, messagesPerSecond, readers, lag, slowest, cursor, messages, bytes } = row;
  return (
    <tr class="row">
      <td class="fill">
        <a class="row-link" href={to.channel(channel)} title={channel}>
          {channel}
        </a>
      </td>
      <td class="number">{rate(messagesPerSecond)}</td>
      <td class={readers === 0 ? "number quiet" : "number"}>{formatCount(readers)}</td>
      <td class="number">
        {slowest === undefined ? (
          <span class="quiet">0</span>
        ) : (
          <a class="over-row lag" href={to.connection(slowest)} title="The reader that is furthest behind">
            {formatCount(lag)}
          </a>
        )}
      </td>
      <td class="number wide quiet mono" title={cursor}>
        {formatCount(splitCursor(cursor)?.offset ?? 0)}
      </td>
      <td class="number wide">{formatCount(messages)}</td>
      <td class="number">{formatBytes(bytes)}</td>
      <td class="wide quiet">{sayRetention(row)}</td>
    </tr>
  );
}

function rate(value: number | null): JSX.Element {
  if (value === null) return <span class="quiet">…</span>;
  return value === 0 ? <span class="quiet">0</span> : <>{formatShort(value)}/s</>;
}
