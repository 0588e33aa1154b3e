import { signal, useSignal } from "@preact/signals";
import { Loading, Segments } from "@tidings/ui";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { newest, rangeId } from "../../live/stats.ts";
import { RANGES, type RangeId } from "../../logic/ranges.ts";
import { BehindPart } from "./behind-part.tsx";
import { BusyPart } from "./busy-part.tsx";
import { LogPart } from "./log-part.tsx";
import type { PlotsPart } from "./plots-part.tsx";
import { RefusedPart } from "./refused-part.tsx";
import { readTops } from "./tops.ts";
import { VerdictPart } from "./verdict-part.tsx";

const SEGMENTS = Object.entries(RANGES).map(([id, { label }]) => ({ id: id as RangeId, label }));
/** What draws: loaded beside the first data, and once. */
const plots = signal<typeof PlotsPart | undefined>(undefined);

/** The answers first, what they come from below. */
export function OverviewPage(): JSX.Element {
  const fault = useSignal(false);
  useEffect(() => {
    document.title = "Overview · Tidings";
    if (plots.peek() === undefined)
      void import("./plots-part.tsx").then(
        (module) => (plots.value = module.PlotsPart),
        () => (fault.value = true),
      );
    return readTops();
  }, []);
  const Plots = plots.value;
  const isUseful = Plots !== undefined && newest.value !== undefined;
  useEffect(() => {
    // How long it took, for whoever measures.
    if (isUseful) performance.mark("tidings.useful");
  }, [isUseful]);
  return (
    <div class="page overview">
      <h1 class="visually-hidden">Overview</h1>
      <div class="overview-head">
        <VerdictPart />
        <Segments
          label="Range"
          segments={SEGMENTS}
          current={rangeId.value}
          onChange={(id) => (rangeId.value = id)}
        />
      </div>
      {!isUseful ? (
        <div class="plots-place">
          {fault.value ? (
            <p>The plots could not be loaded; reload the page.</p>
          ) : (
            <Loading what="the last minutes" />
          )}
        </div>
      ) : (
        <Plots />
      )}
      <div class="answers">
        <BehindPart />
        <RefusedPart />
        <BusyPart />
        <LogPart />
      </div>
    </div>
  );
}
