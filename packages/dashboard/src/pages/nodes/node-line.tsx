import {
  Age,
  Badge,
  formatBytes,
  formatCount,
  formatMoment,
  formatMs,
  formatShort,
  Status,
} from "@tidings/ui";
import type { JSX } from "preact";
import { transportName } from "../../logic/transport.ts";
import type { EventRow, Sample } from "../../live/shapes.ts";
import { BUSY_CPU, LATE_LOOP_MS } from "../../logic/diagnose.ts";
import { connectionsOf, deliveriesOf, isGone, type NodeEntry, type NodeState } from "../../logic/nodes.ts";
import { to } from "../../logic/route.ts";

const STATES: Readonly<
  Record<NodeState, readonly [tone: "good" | "warn" | "bad" | "busy" | "quiet", text: string]>
> = {
  well: ["good", "well"],
  starting: ["busy", "just started"],
  trouble: ["bad", "in trouble"],
  silent: ["bad", "no answer"],
  lost: ["bad", "lost"],
  left: ["quiet", "ended"],
};

/** One node: a click on it leads to what was told of its starts and ends. */
export function NodeLine({ entry }: { readonly entry: NodeEntry }): JSX.Element {
  const { node, name, state, isHere, version, since, end } = entry;
  const [tone, text] = STATES[state];
  return (
    <tr class="row" data-node={name}>
      <td class="fill">
        <a
          class="row-link"
          href={to.events(node)}
          title={`${name} (${node}): what was told of its starts and ends`}
        >
          {name}
        </a>{" "}
        {isHere && (
          <Badge tone="busy" title="This page's connection is to it">
            this page
          </Badge>
        )}{" "}
        {!isGone(state) && end !== undefined && (
          <Badge tone={end.state === "left" ? "quiet" : "warn"} title={sayBefore(end)}>
            started anew
          </Badge>
        )}
      </td>
      <td>
        <Status tone={tone} state={state}>
          {text}
          {isGone(state) && since !== undefined && (
            <>
              {" "}
              <Age time={since} />
            </>
          )}
        </Status>
      </td>
      <Numbers sample={entry.sample} />
      <td class="wide quiet">{version ?? "–"}</td>
      <td class="number wide quiet">{since === undefined || isGone(state) ? "–" : <Age time={since} />}</td>
    </tr>
  );
}

function sayBefore({ state, time }: EventRow): string {
  const how = state === "left" ? "was told to go down" : "was not heard of any more";
  return `The one before it ${how}, ${formatMoment(time)}`;
}

function Numbers({ sample }: { readonly sample: Sample | undefined }): JSX.Element {
  if (sample === undefined)
    return (
      <>
        {["wide", "wide", "wide", "wide", "wide", "", "", "wide"].map((kind, at) => (
          <td key={at} class={`number quiet ${kind}`}>
            –
          </td>
        ))}
      </>
    );
  const { laggingReaders, deliveryMs, eventLoopMs, cpuPercent, memory } = sample;
  const byTransport = Object.entries(sample.connections).filter(([, count]) => count > 0);
  return (
    <>
      <td
        class="number wide"
        title={byTransport.map(([name, count]) => `${transportName(name)} ${formatCount(count)}`).join(", ")}
      >
        {formatCount(connectionsOf(sample))}
      </td>
      <td class={laggingReaders === 0 ? "number wide quiet" : "number wide lag"}>
        {formatCount(laggingReaders)}
      </td>
      <td class="number wide">{formatShort(sample.in.messages)}</td>
      <td class="number wide">{formatShort(deliveriesOf(sample))}</td>
      <td class="number wide">{deliveryMs === null ? "–" : formatMs(deliveryMs.p99)}</td>
      <td class={eventLoopMs.p99 < LATE_LOOP_MS ? "number" : "number lag"}>{formatMs(eventLoopMs.p99)}</td>
      <td class={cpuPercent < BUSY_CPU ? "number" : "number lag"}>{Math.round(cpuPercent)} %</td>
      <td class="number wide" title={`${formatBytes(memory.heapBytes)} of it in the heap`}>
        {formatBytes(memory.residentBytes)}
      </td>
    </>
  );
}
