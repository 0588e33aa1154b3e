import { formatCount, formatMs } from "@tidings/ui";
import type { JSX } from "preact";
import type { Latency, Reading } from "../logic/lab-code.ts";
import { barsOf, type Scale, scaleFor, WIDTH } from "../logic/scale.ts";
import { transportAbout, transportTitle } from "../logic/transports.ts";

const HEIGHT = 40;
const MARKS = [
  { name: "p50Ms", label: "p50", look: "mark-50" },
  { name: "p90Ms", label: "p90", look: "mark-90" },
  { name: "p99Ms", label: "p99", look: "mark-99" },
] as const;

export type Which = "recent" | "total";

interface LatencyTableProps {
  readonly caption: string;
  readonly readings: Readonly<Record<string, Reading>>;
  readonly which: Which;
  /** How late a message may be, by the needs; in milliseconds. */
  readonly limitMs: number;
  /** The transport that is advised. */
  readonly advised: string | undefined;
}

/** A distribution a row, all on one axis. */
export function LatencyTable({ caption, readings, which, limitMs, advised }: LatencyTableProps): JSX.Element {
  const rows = Object.entries(readings);
  const scale = scaleFor(rows.map(([, reading]) => reading[which]));
  return (
    <div class="table-box">
      <table class="table latency" aria-label={caption}>
        <thead>
          <tr>
            <th scope="col">Transport</th>
            <th scope="col" class="latency-axis">
              <span class="visually-hidden">Distribution of latencies, on a logarithmic axis</span>
              <Axis scale={scale} />
            </th>
            {MARKS.map(({ label, look }) => (
              <th key={label} scope="col" class="number">
                <i class={`mark-key ${look}`} aria-hidden="true" />
                {label}
              </th>
            ))}
            <th scope="col" class="number">
              Worst
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(([name, reading]) => (
            <tr key={name} data-transport={name}>
              <th scope="row" class="transport-cell">
                <i class={`as as-${name}`} aria-hidden="true" />
                <b>{transportTitle(name)}</b>
                {advised === name && <span class="badge badge-busy">advised</span>}
                <small>{transportAbout(name)}</small>
              </th>
              <td class="latency-plot">
                <Distribution name={name} latency={reading[which]} scale={scale} limitMs={limitMs} />
              </td>
              {MARKS.map(({ name: mark, label }) => (
                <td key={label} class="number" data-label={label} data-figure={mark}>
                  {said(reading[which][mark])}
                </td>
              ))}
              <td class="number quiet" data-label="max" data-figure="maxMs">
                {said(reading[which].maxMs)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Axis({ scale }: { readonly scale: Scale }): JSX.Element {
  return (
    <span class="axis" aria-hidden="true">
      {scale.ticksMs.map((ms) => (
        <span key={ms} style={{ left: `${(100 * scale.xOf(ms)) / WIDTH}%` }}>
          {ms >= 1_000 ? `${ms / 1_000} s` : `${ms} ms`}
        </span>
      ))}
    </span>
  );
}

interface DistributionProps {
  readonly name: string;
  readonly latency: Latency;
  readonly scale: Scale;
  readonly limitMs: number;
}

function Distribution({ name, latency, scale, limitMs }: DistributionProps): JSX.Element {
  const { count, p50Ms, p90Ms, p99Ms } = latency;
  const words =
    count === 0
      ? `${transportTitle(name)}: no message in this time`
      : `${transportTitle(name)}: ${formatCount(count)} messages, half within ${said(p50Ms)}, 90 of 100 within ${said(p90Ms)}, 99 of 100 within ${said(p99Ms)}`;
  return (
    <svg
      class="distribution"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={words}
    >
      {scale.ticksMs.map((ms) => (
        <line key={ms} class="grid" x1={scale.xOf(ms)} x2={scale.xOf(ms)} y1="0" y2={HEIGHT} />
      ))}
      <g class={`fill-${name}`}>
        {barsOf(latency, scale).map(({ x, width, share }) => (
          <rect key={x} x={x} width={width} y={HEIGHT - share * (HEIGHT - 6)} height={share * (HEIGHT - 6)} />
        ))}
      </g>
      <line class="limit" x1={scale.xOf(limitMs)} x2={scale.xOf(limitMs)} y1="0" y2={HEIGHT} />
      {MARKS.map(({ name: mark, look }) => {
        const ms = latency[mark];
        return ms === null ? null : (
          <line key={look} class={`mark ${look}`} x1={scale.xOf(ms)} x2={scale.xOf(ms)} y1="0" y2={HEIGHT} />
        );
      })}
    </svg>
  );
}

function said(ms: number | null): string {
  return ms === null ? "–" : formatMs(ms);
}
