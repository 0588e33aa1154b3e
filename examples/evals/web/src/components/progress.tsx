import type { JSX } from "preact";
import type { Progress as Done, State } from "../../../shared/evaluation.ts";
import { formatCount, percentOf } from "../logic/format.ts";

interface ProgressProps {
  readonly progress: Done | undefined;
  readonly state: State;
  /** Of whom: its name for those who do not see it. */
  readonly label: string;
}

/** The native element: its width is an attribute, which the page's policy lets through. */
export function Progress({ progress, state, label }: ProgressProps): JSX.Element {
  const { done = 0, total = 0 } = progress ?? {};
  const percent = percentOf(done, total);
  return (
    <span class="progress">
      <progress
        class={`progress-bar state-${state}`}
        value={percent}
        max={100}
        aria-label={`Progress of ${label}`}
      />
      <span class="progress-text" title={`${formatCount(done)} of ${formatCount(total)}`}>
        {percent}%
      </span>
    </span>
  );
}
