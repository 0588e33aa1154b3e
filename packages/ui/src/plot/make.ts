import uPlot from "uplot";
import { lonePoints } from "./columns.ts";
import { resolveColour } from "./colour.ts";
import type { PlotProps } from "./plot.tsx";

/** Pixels that the labels beside and below take. */
const SIDE_PX = 50;
const FOOT_PX = 20;
/** Steps of the scale of time, in seconds. */
const TIMES = [1, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400];
/** Steps of a scale of bytes: others are no round numbers of KiB. */
const BINARY = Array.from({ length: 50 }, (_, power) => 2 ** power);

/** Draws a plot into an element, and tells where the cursor is: the index of the row, `undefined` where there is none. */
export function makePlot(
  element: HTMLElement,
  {
    series,
    columns,
    range,
    format,
    formatAxis = format,
    group,
    heightPx,
    across,
    isFromZero = true,
    leastTop = 1,
    isBinary = false,
    canZoom = false,
    marksBelow = 0,
  }: PlotProps,
  onCursor: (at: number | undefined) => void,
): uPlot {
  const axis: uPlot.Axis = {
    stroke: resolveColour(element, "--text-quiet"),
    grid: { stroke: resolveColour(element, "--line-soft"), width: 1 },
    ticks: { show: false },
    font: `11px ${getComputedStyle(element).fontFamily}`,
    gap: 4,
  };
  const [min, max] = range?.peek() ?? [];
  const made = new uPlot(
    {
      width: element.clientWidth,
      height: heightPx,
      padding: [6, 16, 0, 0],
      legend: { show: false },
      cursor: {
        y: false,
        points: { size: 6 },
        drag: { x: canZoom, y: false },
        ...(group === undefined ? {} : { sync: { key: group, setSeries: false } }),
      },
      scales: {
        x: {
          time: across === undefined,
          ...(min === undefined || max === undefined ? {} : { auto: false, min, max }),
        },
        y: isFromZero ? { range: (_, __, top) => [0, Math.max(leastTop, (top ?? 0) * 1.1)] } : {},
      },
      axes: [
        {
          ...axis,
          size: FOOT_PX,
          space: 64,
          ...(across === undefined
            ? { incrs: TIMES, values: (_, splits) => splits.map(clockOf) }
            : { values: (_, splits) => splits.map((at) => (Number.isInteger(at) ? across.format(at) : "")) }),
        },
        {
          ...axis,
          size: SIDE_PX,
          space: 26,
          values: (_, splits) => splits.map(formatAxis),
          ...(isBinary ? { incrs: BINARY } : {}),
        },
      ],
      series: [
        {},
        ...series.map(({ colour, isFilled = false }): uPlot.Series => {
          const stroke = resolveColour(element, colour);
          return {
            stroke,
            width: 1.5,
            spanGaps: false,
            ...(isFilled ? { fill: faint(stroke) } : {}),
            points: {
              show: true,
              size: 4,
              fill: stroke,
              filter: ({ data }, at) => (data[0].length < marksBelow ? null : lonePoints(data[at] ?? [])),
            },
          };
        }),
      ],
      hooks: {
        setCursor: [({ cursor }) => onCursor(cursor.idx ?? undefined)],
      },
    },
    columns.peek() as unknown as uPlot.AlignedData,
    element,
  );
  if (min !== undefined && max !== undefined) made.setScale("x", { min, max });
  return made;
}

/** Hours and minutes; the seconds where they are not whole minutes. */
function clockOf(seconds: number): string {
  const date = new Date(seconds * 1_000);
  const parts = [date.getHours(), date.getMinutes(), ...(seconds % 60 === 0 ? [] : [date.getSeconds()])];
  return parts.map((part) => String(part).padStart(2, "0")).join(":");
}

/** `rgb(1, 2, 3)` at an eighth. */
function faint(colour: string): string {
  const channels = colour.match(/[\d.]+/g)?.slice(0, 3) ?? [];
  return channels.length === 3 ? `rgb(${channels.join(" ")} / 13%)` : colour;
}
