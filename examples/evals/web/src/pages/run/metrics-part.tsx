import { useSignal } from "@preact/signals";
import { EmptyState, Loading } from "@tidings/ui";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { RunModel } from "../../live/run.ts";
import type { MetricPlot } from "./metric-plot.tsx";

/** One plot a metric. What draws them is loaded when it is looked at for the first time. */
export function MetricsPart({ model }: { readonly model: RunModel }): JSX.Element {
  const loaded = useSignal<{ readonly MetricPlot: typeof MetricPlot } | undefined>(undefined);
  const fault = useSignal(false);
  useEffect(() => {
    void import("./metric-plot.tsx").then(
      (module) => (loaded.value = module),
      () => (fault.value = true),
    );
  }, []);
  void model.metricVersion.value;
  const { names } = model.metrics;
  if (names.length === 0)
    return <EmptyState title="No metrics yet">They are drawn as the run reports them.</EmptyState>;
  if (fault.value)
    return (
      <EmptyState title="The plots could not be loaded" isFault>
        Reload the page.
      </EmptyState>
    );
  if (loaded.value === undefined) return <Loading what="plots" />;
  const { MetricPlot: Drawn } = loaded.value;
  return (
    <div class="plots">
      {names.map((name) => (
        <Drawn key={name} name={name} model={model} />
      ))}
    </div>
  );
}
