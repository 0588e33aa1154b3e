import { type ReadonlySignal, useSignal, useSignalEffect } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type uPlot from "uplot";
import { isDark } from "../live/theme.ts";
import { formatClock } from "../logic/format.ts";
import type { Columns } from "./columns.ts";
import { makePlot } from "./make.ts";

export interface Series {
  readonly label: string;
  /** The custom property of its colour. */
  readonly colour: string;
  /** Whether the space below the line is washed with it: for one series of a plot at most. */
  readonly isFilled?: boolean;
  /** Whether its reading is left out where it is 0: of several that are mostly nothing. */
  readonly isHiddenAtZero?: boolean;
}

export interface PlotProps {
  readonly title: string;
  /** What it means, for those who rest on the title. */
  readonly about?: string;
  readonly series: readonly Series[];
  readonly columns: ReadonlySignal<Columns>;
  /** What is in sight of what goes across: seconds since the epoch. Default: all there is. */
  readonly range?: ReadonlySignal<readonly [from: number, to: number]>;
  /** What goes across where that is no time: its name, and how one is said; what is not whole is not said. */
  readonly across?: { readonly name: string; readonly format: (value: number) => string };
  readonly format: (value: number) => string;
  /** Of the scale, where there is less room. Default `format`. */
  readonly formatAxis?: (value: number) => string;
  /** Whether the scale goes by powers of two, as bytes do. Default `false`. */
  readonly isBinary?: boolean;
  /** Plots of one group share the cursor. Default: it is the plot's own. */
  readonly group?: string;
  readonly heightPx: number;
  /** Whether the scale begins at 0; else it is as wide as the values are. Default `true`. */
  readonly isFromZero?: boolean;
  /** The least top of the scale: what is quiet must look quiet. Default 1. */
  readonly leastTop?: number;
  /** Whether dragging chooses a part that fills the plot; a double click, and new values, show all again. Default `false`. */
  readonly canZoom?: boolean;
  /** With fewer rows than this, each value is marked. Default 0: those alone that have no neighbour. */
  readonly marksBelow?: number;
  /** What is said of it to those who do not see it. Default: its newest values. */
  readonly description?: string;
  /** At the end of the head. */
  readonly aside?: ComponentChildren;
}

/** Lines over time: the newest values in its head, or those under the cursor, which all plots of a group share. */
export function Plot(props: PlotProps): JSX.Element {
  const { title, about, series, columns, range, format, heightPx, across, aside } = props;
  const { description = describe(title, series, columns.value, format) } = props;
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const cursor = useSignal<number | undefined>(undefined);
  const dark = isDark.value;
  // The colours are the canvas' own: another theme is another plot.
  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const made = makePlot(element, props, (at) => (cursor.value = at));
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: heightPx }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [dark]);
  useSignalEffect(() => {
    const sight = range?.value;
    const data = columns.value as unknown as uPlot.AlignedData;
    const drawn = plot.current;
    if (drawn === null) return;
    if (sight === undefined) return drawn.setData(data);
    const [min, max] = sight;
    drawn.batch(() => {
      drawn.setData(data, false);
      drawn.setScale("x", { min, max });
    });
  });
  const [times, ...values] = columns.value;
  const at = cursor.value ?? times.length - 1;
  const time = times[at];
  return (
    <figure class="plot" data-points={times.length} aria-label={description}>
      <figcaption class="plot-head">
        <h3 class="plot-name" title={about}>
          {title}
        </h3>
        {series.map(({ label, colour, isHiddenAtZero = false }, index) => {
          const value = values[index]?.[at];
          if (isHiddenAtZero && !value) return null;
          return (
            <span key={label} class="plot-reading">
              <i class="plot-key" aria-hidden="true" style={{ background: `var(${colour})` }} />
              {label !== "" && <span class="plot-label">{label}</span>}
              <b class="plot-value">{say(value, format)}</b>
            </span>
          );
        })}
        {across !== undefined && time !== undefined && (
          <span class="plot-note">
            {across.name} {across.format(time)}
          </span>
        )}
        {across === undefined && cursor.value !== undefined && time !== undefined && (
          <time class="plot-note">{formatClock(time * 1_000)}</time>
        )}
        {aside !== undefined && <span class="plot-note plot-aside">{aside}</span>}
      </figcaption>
      <div class="plot-place" ref={place} style={{ height: `${heightPx}px` }} />
    </figure>
  );
}

function say(value: number | null | undefined, format: (value: number) => string): string {
  return value === null || value === undefined ? "–" : format(value);
}

/** The newest values in words. */
function describe(
  title: string,
  series: readonly Series[],
  [times, ...values]: Columns,
  format: (value: number) => string,
): string {
  const last = times.length - 1;
  const said = series.map(({ label }, at) => `${label} ${say(values[at]?.[last], format)}`.trim());
  return `${title}: ${said.join(", ")}`;
}
