import { useComputed } from "@preact/signals";
import type { JSX } from "preact";
import { formatAge, formatDuration, formatMoment } from "../logic/format.ts";
import { now } from "../live/clock.ts";

/** How long ago it was, ticking. */
export function Age({ time }: { readonly time: string }): JSX.Element {
  const age = formatAge(now.value - Date.parse(time));
  return (
    <time dateTime={time} title={formatMoment(time)}>
      {age}
    </time>
  );
}

/** How long it takes, or took, ticking until the end. */
export function Elapsed({
  from,
  to,
}: {
  readonly from: string;
  readonly to: string | undefined;
}): JSX.Element {
  const end = to === undefined ? now.value : Date.parse(to);
  return <span>{formatDuration(Math.max(0, Math.floor((end - Date.parse(from)) / 100) * 100))}</span>;
}

/** Whole seconds until then, not below 0. */
export function Countdown({ atMs }: { readonly atMs: number }): JSX.Element {
  const seconds = useComputed(() => Math.max(0, Math.ceil((atMs - now.value) / 1_000)));
  return <>{seconds}</>;
}
