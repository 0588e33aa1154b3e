import { formatCount, Meter } from "@tidings/ui";
import type { JSX } from "preact";
import type { Progress as Done, State } from "../../../shared/evaluation.ts";
import { percentOf } from "../logic/percent.ts";
import { TONES } from "./badge.tsx";

interface ProgressProps {
  readonly progress: Done | undefined;
  readonly state: State;
  /** Of whom: its name for those who do not see it. */
  readonly label: string;
}

/** How much is done, in the colour of the state. */
export function Progress({ progress, state, label }: ProgressProps): JSX.Element {
  const { done = 0, total = 0 } = progress ?? {};
  const percent = percentOf(done, total);
  return (
    <span class="progress">
      <Meter label={`Progress of ${label}`} share={percent / 100} tone={TONES[state]} />
      <span class="progress-text" title={`${formatCount(done)} of ${formatCount(total)}`}>
        {percent}%
      </span>
    </span>
  );
}
