import { useSignal } from "@preact/signals";
import { EmptyState, formatMs, Segments } from "@tidings/ui";
import type { JSX } from "preact";
import { needs } from "../advice/needs-state.ts";
import { aheadMs, isReading, own, type OwnFigures } from "../live/browser.ts";
import { isRunning, results, run } from "../live/lab.ts";
import type { TransportFigures } from "../logic/lab-code.ts";
import { FiguresTable } from "./figures-table.tsx";
import { LatencyTable, type Which } from "./latency-table.tsx";

const WHICH = [
  { id: "recent", label: "Last 5 s" },
  { id: "total", label: "Since the start" },
] as const;

/** The visitor's own browser as one more reader of each transport. */
export function BrowserPart(): JSX.Element {
  const which = useSignal<Which>("total");
  const mine = own.value?.runId === run.value?.id ? own.value : undefined;
  return (
    <section class="panel browser-part" aria-labelledby="browser-title">
      <h2 id="browser-title">
        Your own browser
        <span class="panel-tools">
          <label class="chip">
            <input
              type="checkbox"
              checked={isReading.value}
              onChange={({ currentTarget }) => (isReading.value = currentTarget.checked)}
            />
            reads along
          </label>
          <Segments
            label="Which messages of this browser"
            segments={WHICH}
            current={which.value}
            onChange={(id) => (which.value = id)}
          />
        </span>
      </h2>
      <p class="field-hint wide-hint">
        This page has a client of each transport too, behind the same switches, on ports of its own. It draws
        as it reads, and a tab that is not in sight is slowed down: its latency is what a visitor of yours
        would see.{" "}
        {aheadMs.value === 0
          ? "Its clock is the lab’s."
          : `Its clock differs from the lab’s by ${formatMs(Math.abs(aheadMs.value))}, which is taken into account.`}
      </p>
      {mine === undefined ? (
        <EmptyState title={isReading.value ? "It joins with the next run" : "It does not read along"} />
      ) : (
        <>
          <LatencyTable
            caption="Latency in this browser by transport"
            readings={mine.readings}
            which={which.value}
            limitMs={needs.value.latencyMs}
            advised={undefined}
          />
          <FiguresTable
            caption="Figures of this browser by transport"
            figures={figuresOf(mine)}
            isOver={mine.isOver || !isRunning.value}
          />
        </>
      )}
    </section>
  );
}

function figuresOf({ readings, wires }: OwnFigures): Readonly<Record<string, TransportFigures>> {
  void results.value;
  return Object.fromEntries(
    Object.entries(readings).map(([name, reading]) => {
      const wire = wires[name] ?? {
        upBytes: 0,
        downBytes: 0,
        requests: 0,
        connections: { open: 0, opened: 0 },
      };
      const { payloadBytes } = reading;
      const added = wire.upBytes + wire.downBytes - payloadBytes;
      const overheadPercent = payloadBytes === 0 ? null : Math.max(0, (100 * added) / payloadBytes);
      return [name, { ...reading, ...wire, overheadPercent }];
    }),
  );
}
