import { formatBytes, formatCount, formatShort } from "@tidings/ui";
import type { JSX } from "preact";
import { urlOf } from "../../live/api.ts";
import type { ChannelList } from "../../live/shapes.ts";
import { useAnswer } from "../../live/use-answer.ts";
import { to } from "../../logic/route.ts";
import { sayRetention } from "../channels/retention.ts";

/** By name the channel itself comes first, and others that differ in capitals alone. */
const MAX_ROWS = 10;
const EVERY_MS = 4_000;

/** What there is to say of a channel in a line. */
export function FactsPart({ name }: { readonly name: string }): JSX.Element {
  const url = urlOf("admin/channels", { search: name, sort: "name", limit: MAX_ROWS });
  const { value } = useAnswer<ChannelList>(url, EVERY_MS).value;
  const row = value?.channels.find(({ channel }) => channel === name);
  if (row === undefined)
    return <p class="facts quiet">{value === undefined ? "…" : "The log's list does not have it yet."}</p>;
  const { messagesPerSecond, bytesPerSecond, readers, lag, slowest, cursor, messages, bytes } = row;
  const facts: readonly (readonly [name: string, value: JSX.Element | string])[] = [
    [
      "In",
      messagesPerSecond === null
        ? "…"
        : `${formatShort(messagesPerSecond)}/s, ${formatBytes(bytesPerSecond ?? 0)}/s`,
    ],
    ["Readers", formatCount(readers)],
    [
      "Slowest lag",
      slowest === undefined ? (
        "0"
      ) : (
        <a key="lag" class="lag" href={to.connection(slowest)}>
          {formatCount(lag)}
        </a>
      ),
    ],
    ["Held", `${formatCount(messages)} messages, ${formatBytes(bytes)}`],
    ["Keeps", sayRetention(row)],
    [
      "Head",
      <span key="head" class="mono">
        {cursor}
      </span>,
    ],
  ];
  return (
    <dl class="facts">
      {facts.map(([fact, said]) => (
        <div key={fact} class="fact">
          <dt>{fact}</dt>
          <dd>{said}</dd>
        </div>
      ))}
    </dl>
  );
}
