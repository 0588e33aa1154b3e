import { useComputed } from "@preact/signals";
import { formatCount, formatValue } from "@tidings/ui";
import { type Columns, Plot } from "@tidings/ui/plot";
import type { JSX } from "preact";
import type { RunModel } from "../../live/run.ts";
import { downsample } from "../../logic/downsample.ts";

const HEIGHT_PX = 180;
/** With fewer values than this, each is marked. */
const MARKS_BELOW = 60;
const STEPS = { name: "step", format: formatCount } as const;

interface MetricPlotProps {
  readonly name: string;
  readonly model: RunModel;
}

export function MetricPlot({ name, model }: MetricPlotProps): JSX.Element {
  const columns = useComputed((): Columns => {
    void model.metricVersion.value;
    const { steps, values } = downsample(model.metrics.points(name));
    return [steps, values];
  });
  void model.metricVersion.value;
  const { steps, values } = model.metrics.points(name);
  const [least, greatest] = extremes(values);
  return (
    <Plot
      title={name}
      series={[{ label: "", colour: "--accent-line", isFilled: true }]}
      columns={columns}
      across={STEPS}
      format={formatValue}
      heightPx={HEIGHT_PX}
      isFromZero={false}
      canZoom
      marksBelow={MARKS_BELOW}
      description={`${name}, ${formatCount(steps.length)} points, last ${formatValue(values.at(-1) ?? 0)}`}
      aside={`${formatValue(least)} … ${formatValue(greatest)}`}
    />
  );
}

function extremes(values: readonly number[]): readonly [number, number] {
  let least = Number.POSITIVE_INFINITY;
  let greatest = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (value < least) least = value;
    if (value > greatest) greatest = value;
  }
  return values.length === 0 ? [0, 0] : [least, greatest];
}
