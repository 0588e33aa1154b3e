import { formatShort } from "@tidings/ui";
import type { JSX } from "preact";
import { to } from "../../logic/route.ts";
import { busiest } from "./tops.ts";

const SHOWN = 8;

/** Where most is published. */
export function BusyPart(): JSX.Element {
  const rows = busiest.value;
  return (
    <section class="panel answer" aria-labelledby="busy-title">
      <h2 id="busy-title">
        Busiest channels <a href={to.channels}>all channels</a>
      </h2>
      {rows === undefined ? (
        <p class="answer-none quiet">…</p>
      ) : rows.length === 0 ? (
        <p class="answer-none">Nothing is published at the moment.</p>
      ) : (
        <ul>
          {rows.slice(0, SHOWN).map(({ channel, messagesPerSecond, readers }) => (
            <li key={channel} class="row answer-row">
              <a class="row-link clip" href={to.channel(channel)} title={channel}>
                {channel}
              </a>
              <span class="number">
                <b>{formatShort(messagesPerSecond ?? 0)}/s</b>{" "}
                <span class="quiet">to {formatShort(readers)}</span>
              </span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
