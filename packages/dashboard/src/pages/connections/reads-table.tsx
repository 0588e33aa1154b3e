import { useSignal } from "@preact/signals";
import { Button, EmptyState, formatCount, Status } from "@tidings/ui";
import type { JSX } from "preact";
import type { ConnectionDetail } from "../../live/shapes.ts";
import { to } from "../../logic/route.ts";
import { toneOf } from "../../logic/tone.ts";

/** Rows that are shown at first, and more by each press: a connection may read a thousand channels. */
const PAGE_ROWS = 100;

/** What a connection reads, that which is furthest behind first. */
export function ReadsTable({ reads, state }: Pick<ConnectionDetail, "reads" | "state">): JSX.Element {
  const limit = useSignal(PAGE_ROWS);
  if (reads.length === 0)
    return <EmptyState title="It reads no channel">It may publish, or wait for a command.</EmptyState>;
  const ordered = reads.toSorted((a, b) => b.lag - a.lag || Number(a.live) - Number(b.live));
  const shown = ordered.slice(0, limit.value);
  const rest = ordered.length - shown.length;
  return (
    <>
      <div class="table-box">
        <table class="table" aria-label="Channels that it reads">
          <thead>
            <tr>
              <th scope="col" class="fill">
                Channel
              </th>
              <th scope="col">State</th>
              <th scope="col" class="number">
                Lag
              </th>
              <th scope="col" class="number wide">
                Cursor
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map(({ channel, cursor, live, lag }) => (
              <tr key={channel} class="row">
                <td class="fill">
                  <a class="row-link" href={to.channel(channel)}>
                    {channel}
                  </a>
                </td>
                <td>
                  <Status tone={live ? "good" : toneOf(state)}>
                    {live ? "live" : state === "waiting" ? "waiting" : "catching up"}
                  </Status>
                </td>
                <td class={lag === 0 ? "number quiet" : "number lag"}>{formatCount(lag)}</td>
                <td class="number wide mono quiet">{cursor}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {rest > 0 && (
        <Button onClick={() => (limit.value += PAGE_ROWS)}>{`Show more of ${formatCount(rest)}`}</Button>
      )}
    </>
  );
}
