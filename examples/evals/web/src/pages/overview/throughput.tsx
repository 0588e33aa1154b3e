import { useComputed } from "@preact/signals";
import { formatClock, now, plural } from "@tidings/ui";
import type { JSX } from "preact";
import { summaries } from "../../live/list.ts";
import { type HourCounts, throughput } from "../../logic/run-list.ts";

const WIDTH = 480;
const HEIGHT = 120;
const GAP = 3;
const MINUTE_MS = 60_000;

/** A bar for each hour: what succeeded, on it what failed, on that what was stopped. */
export function Throughput(): JSX.Element {
  const minute = useComputed(() => Math.floor(now.value / MINUTE_MS)).value;
  const hours = useComputed(() => throughput(summaries.value, minute * MINUTE_MS)).value;
  const most = Math.max(1, ...hours.map(endedIn));
  const all = hours.reduce((sum, hour) => sum + endedIn(hour), 0);
  const last = hours.at(-1);
  return (
    <figure class="throughput">
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${plural(all, "run")} ended in 24 hours`}
      >
        {hours.map((hour, at) => (
          <Bar key={hour.from} hour={hour} at={at} width={WIDTH / hours.length} most={most} />
        ))}
      </svg>
      <figcaption>
        <span>{formatClock(hours[0]?.from ?? 0).slice(0, 5)}</span>
        <span>
          {plural(all, "run")}, {last === undefined ? 0 : endedIn(last)} in this hour
        </span>
        <span>now</span>
      </figcaption>
    </figure>
  );
}

function endedIn({ succeeded, failed, stopped }: HourCounts): number {
  return succeeded + failed + stopped;
}

interface BarProps {
  readonly hour: HourCounts;
  readonly at: number;
  readonly width: number;
  readonly most: number;
}

function Bar({ hour, at, width, most }: BarProps): JSX.Element {
  const scale = (HEIGHT - 2) / most;
  const good = hour.succeeded * scale;
  const bad = hour.failed * scale;
  const held = hour.stopped * scale;
  const x = at * width + GAP / 2;
  const inner = width - GAP;
  return (
    <g>
      <title>{`${formatClock(hour.from).slice(0, 5)}: ${hour.succeeded} succeeded, ${hour.failed} failed, ${hour.stopped} stopped`}</title>
      <rect class="bar-none" x={x} y={HEIGHT - 2} width={inner} height={2} />
      <rect class="bar-good" x={x} y={HEIGHT - 2 - good} width={inner} height={good} />
      <rect class="bar-bad" x={x} y={HEIGHT - 2 - good - bad} width={inner} height={bad} />
      <rect class="bar-held" x={x} y={HEIGHT - 2 - good - bad - held} width={inner} height={held} />
    </g>
  );
}
