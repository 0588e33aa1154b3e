import { useSignal } from "@preact/signals";
import { EmptyState, Segments } from "@tidings/ui";
import type { JSX } from "preact";
import { advised, needs } from "../advice/needs-state.ts";
import { results } from "../live/lab.ts";
import { FiguresTable } from "./figures-table.tsx";
import { LatencyTable, type Which } from "./latency-table.tsx";

const WHICH = [
  { id: "recent", label: "Last 5 s" },
  { id: "total", label: "Since the start" },
] as const;

/** The lab's own readers, side by side. */
export function ReadersPart(): JSX.Element {
  const which = useSignal<Which>("total");
  const { run, transports } = results.value ?? {};
  const isOver = run?.phase === "done" || run?.phase === "failed";
  const isCounting = typeof run?.countedFromMs === "number";
  return (
    <>
      <section class="panel" aria-labelledby="latency-title">
        <h2 id="latency-title">
          How late messages come
          <span class="panel-tools">
            <Segments
              label="Which messages"
              segments={WHICH}
              current={which.value}
              onChange={(id) => (which.value = id)}
            />
          </span>
        </h2>
        <p class="field-hint wide-hint">
          From right before a message is published until a reader has it: the publisher’s connection, the
          server’s write to disk, the proxy and the client are all in it. Each power of ten is as wide as the
          next; the further left, the sooner. A short poll asks every 2 s: half of that is its price, and no
          fault.
        </p>
        <p class="legend">
          <span>
            <i class="mark-key mark-50" aria-hidden="true" /> half came by then (p50)
          </span>
          <span>
            <i class="mark-key mark-90" aria-hidden="true" /> 90 of 100
          </span>
          <span>
            <i class="mark-key mark-99" aria-hidden="true" /> 99 of 100
          </span>
          <span>
            <i class="mark-key limit-key" aria-hidden="true" /> as late as your needs allow
          </span>
        </p>
        {isCounting ? (
          <LatencyTable
            caption="Latency by transport"
            readings={transports ?? {}}
            which={which.value}
            limitMs={needs.value.latencyMs}
            advised={advised.value?.choice?.transport}
          />
        ) : (
          <EmptyState title={isOver ? "Nothing was counted" : "Nothing is counted yet"} />
        )}
      </section>
      <section class="panel" aria-labelledby="figures-title">
        <h2 id="figures-title">What they deliver, and what it takes</h2>
        <p class="field-hint wide-hint">
          Messages are numbered, so that one that is lost or comes twice is seen. Polls pay with a request
          each time they ask; streams and WebSockets with a connection that is held, and a few bytes a
          message.
        </p>
        <FiguresTable caption="Figures by transport" figures={transports ?? {}} isOver={isOver} />
      </section>
    </>
  );
}
