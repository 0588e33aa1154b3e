import { useComputed, useSignal } from "@preact/signals";
import { formatShort, Loading, now, plural } from "@tidings/ui";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { FaultNote } from "../../components/fault-note.tsx";
import { MissingNote } from "../../components/missing-note.tsx";
import { onRowKeys } from "../../components/row-keys.ts";
import { SortHead } from "../../components/sort-head.tsx";
import { urlOf } from "../../live/api.ts";
import { tidings } from "../../live/client.ts";
import type { EventList, NodeList } from "../../live/shapes.ts";
import { newest } from "../../live/stats.ts";
import { useAnswer } from "../../live/use-answer.ts";
import {
  connectionsOf,
  deliveriesOf,
  inOrder,
  isGone,
  listNodes,
  type NodeEntry,
  type NodeOrder,
  type NodeSamples,
  totalOf,
  withSamples,
} from "../../logic/nodes.ts";
import { NodeLine } from "./node-line.tsx";
import { NodeNotes } from "./node-notes.tsx";

/** How often the nodes are asked, in milliseconds. */
const EVERY_MS = 3_000;
/** How often those that have gone are, while none goes; in milliseconds. */
const ENDS_EVERY_MS = 30_000;
/** As many as the server gives at once. */
const MAX_EVENTS = 200;

/** The nodes of the log, those that are in trouble first. */
export function NodesPage(): JSX.Element {
  const sort = useSignal<NodeOrder>("state");
  const samples = useSignal<NodeSamples>(new Map());
  const body = useRef<HTMLTableSectionElement>(null);
  // Changes when a node has come or gone: all is asked for again.
  const seen = useSignal(0);
  const here = useComputed(() => newest.value?.sample.node);
  const { value, fault } = useAnswer<NodeList>(`${urlOf("admin/nodes")}#${seen.value}`, EVERY_MS).value;
  const asked = urlOf("admin/events", { kind: "node", limit: MAX_EVENTS });
  const ends = useAnswer<EventList>(`${asked}#${seen.value}`, ENDS_EVERY_MS).value.value;
  useEffect(() => {
    document.title = "Nodes · Tidings";
    const channel = tidings.channel("$tidings/events", { since: "latest" });
    channel.on("node", () => void seen.value++);
    const offKeys = onRowKeys(() => body.current);
    return () => {
      channel.close();
      offKeys();
    };
  }, []);
  useEffect(() => {
    if (value !== undefined) samples.value = withSamples(samples.peek(), value.nodes);
  }, [value]);
  const { nodes = [], missing = [] } = value ?? {};
  const entries = listNodes({
    nodes,
    missing,
    events: ends?.events ?? [],
    samples: samples.value,
    here: here.value,
    nowMs: now.value,
  });
  const head = (label: string, order: NodeOrder, kind = "number"): JSX.Element => (
    <SortHead
      label={label}
      order={order}
      current={sort.value}
      onSort={(chosen) => (sort.value = chosen)}
      class={kind}
    />
  );
  return (
    <div class="page list-page">
      <h1 class="visually-hidden">Nodes</h1>
      {value !== undefined && (
        <div class="toolbar">
          <p>{sayHowMany(entries)}</p>
          <span class="toolbar-gap" />
          <p class="quiet">{sayTotals(entries)}</p>
        </div>
      )}
      <FaultNote fault={fault} />
      <MissingNote missing={missing} />
      <NodeNotes entries={entries} />
      {value === undefined ? (
        <Loading what="nodes" />
      ) : (
        <div class="table-box">
          <table class="table nodes" aria-label="Nodes">
            <thead>
              <tr>
                {head("Node", "name", "fill")}
                {head("State", "state", "")}
                {head("Connections", "connections", "number wide")}
                {head("Behind", "behind", "number wide")}
                {head("In/s", "in", "number wide")}
                {head("Out/s", "out", "number wide")}
                {head("Delivery p99", "delivery", "number wide")}
                {head("Loop p99", "loop")}
                {head("CPU", "cpu")}
                {head("Memory", "memory", "number wide")}
                <th scope="col" class="wide">
                  Version
                </th>
                {head("Up", "age", "number wide")}
              </tr>
            </thead>
            <tbody ref={body}>
              {inOrder(entries, sort.value).map((entry) => (
                <NodeLine key={entry.node} entry={entry} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}

function sayHowMany(entries: readonly NodeEntry[]): string {
  const count = entries.filter(({ state }) => !isGone(state)).length;
  return entries.length === 1
    ? "This node is by itself: no other is heard of on its log."
    : plural(count, "node");
}

/** Of all nodes together, which no other page has. */
function sayTotals(entries: readonly NodeEntry[]): string {
  const rate = (name: "in" | "out"): string =>
    `${formatShort(totalOf(entries, name === "in" ? (sample) => sample.in.messages : deliveriesOf))}/s ${name}`;
  return `${plural(totalOf(entries, connectionsOf), "connection")}, ${rate("in")}, ${rate("out")}`;
}
