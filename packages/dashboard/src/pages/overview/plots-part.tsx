import { useComputed } from "@preact/signals";
import { columnsOf, Plot } from "@tidings/ui/plot";
import type { JSX } from "preact";
import { inSight, rangeId, window as sight } from "../../live/stats.ts";
import { RANGES } from "../../logic/ranges.ts";
import { type PlotPlan, PLOTS } from "./plots.ts";

const HEIGHT_PX = 96;

export function PlotsPart(): JSX.Element {
  return (
    <section class="plots" aria-label="Plots">
      {PLOTS.map((plan) => (
        <OnePlot key={plan.title} plan={plan} />
      ))}
    </section>
  );
}

function OnePlot({ plan }: { readonly plan: PlotPlan }): JSX.Element {
  const { series, ...others } = plan;
  const columns = useComputed(() =>
    columnsOf(
      inSight.value,
      series.map(({ read }) => read),
      RANGES[rangeId.value].maxStepMs,
    ),
  );
  return (
    <Plot {...others} series={series} columns={columns} range={sight} group="overview" heightPx={HEIGHT_PX} />
  );
}
