import { useSignal, useSignalEffect } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { RunModel } from "../../live/run.ts";
import { isDark } from "../../live/theme.ts";
import { downsample } from "../../logic/downsample.ts";
import { formatCount, formatValue } from "../../logic/format.ts";

const HEIGHT_PX = 180;

interface PlotProps {
  readonly name: string;
  readonly model: RunModel;
}

interface Reading {
  readonly step: number;
  readonly value: number;
}

export function Plot({ name, model }: PlotProps): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const hover = useSignal<Reading | undefined>(undefined);
  const dark = isDark.value;
  const data = (): uPlot.AlignedData => {
    const { steps, values } = downsample(model.metrics.points(name));
    return [steps as number[], values as number[]];
  };
  // The colours are the canvas' own: another theme is another plot.
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const made = new uPlot(
      optionsOf(element, (reading) => (hover.value = reading)),
      data(),
      element,
    );
    plot.current = made;
    const observer = new ResizeObserver(() =>
      made.setSize({ width: element.clientWidth, height: HEIGHT_PX }),
    );
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [dark, name]);
  useSignalEffect(() => {
    void model.metricVersion.value;
    plot.current?.setData(data());
  });
  void model.metricVersion.value;
  const { steps, values } = model.metrics.points(name);
  const last = steps.length - 1;
  const read = hover.value ?? { step: steps[last] ?? 0, value: values[last] ?? 0 };
  const [least, greatest] = extremes(values);
  return (
    <figure
      class="plot"
      aria-label={`${name}, ${formatCount(steps.length)} points, last ${formatValue(values[last] ?? 0)}`}
    >
      <figcaption class="plot-head">
        <span class="plot-name">{name}</span>
        <span class="plot-value">{formatValue(read.value)}</span>
        <span class="plot-step">step {formatCount(read.step)}</span>
        <span class="plot-range">
          {formatValue(least)} … {formatValue(greatest)}
        </span>
      </figcaption>
      <div class="plot-place" ref={place} />
    </figure>
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

function optionsOf(element: HTMLElement, onHover: (reading: Reading | undefined) => void): uPlot.Options {
  const colour = (role: string): string => resolveColour(element, role);
  const font = `11px ${getComputedStyle(element).fontFamily}`;
  const axis: uPlot.Axis = {
    stroke: colour("--text-quiet"),
    grid: { stroke: colour("--line-soft"), width: 1 },
    ticks: { show: false },
    font,
  };
  return {
    width: element.clientWidth,
    height: HEIGHT_PX,
    legend: { show: false },
    cursor: { y: false, points: { size: 7 }, drag: { x: true, y: false } },
    scales: { x: { time: false } },
    axes: [
      {
        ...axis,
        size: 26,
        values: (_, splits) => splits.map((step) => (Number.isInteger(step) ? formatCount(step) : "")),
      },
      { ...axis, size: 56, values: (_, splits) => splits.map(formatValue) },
    ],
    series: [
      {},
      {
        stroke: colour("--accent-line"),
        fill: colour("--accent-wash"),
        width: 1.5,
        points: { show: (plot) => plot.data[0].length < 60, size: 4, fill: colour("--accent-line") },
      },
    ],
    hooks: {
      setCursor: [
        ({ cursor, data }) => {
          const at = cursor.idx;
          const step = at === null || at === undefined ? undefined : data[0][at];
          const value = at === null || at === undefined ? undefined : data[1]?.[at];
          onHover(step === undefined || value === undefined || value === null ? undefined : { step, value });
        },
      ],
    },
  };
}

/** A canvas does not know custom properties, and `light-dark()` is resolved only where a colour is used. */
function resolveColour(element: HTMLElement, role: string): string {
  const probe = document.createElement("i");
  probe.style.color = `var(${role})`;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
