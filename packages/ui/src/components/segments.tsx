import type { JSX } from "preact";
import { formatCount } from "../logic/format.ts";

export interface Segment<Id extends string> {
  readonly id: Id;
  readonly label: string;
  /** How many there are of it. */
  readonly count?: number;
}

interface SegmentsProps<Id extends string> {
  readonly label: string;
  readonly segments: readonly Segment<Id>[];
  readonly current: Id;
  readonly onChange: (id: Id) => void;
}

/** One of a few, all in sight. */
export function Segments<Id extends string>({
  label,
  segments,
  current,
  onChange,
}: SegmentsProps<Id>): JSX.Element {
  return (
    <div class="segments" role="group" aria-label={label}>
      {segments.map(({ id, label: name, count }) => (
        <button
          key={id}
          class="segment"
          type="button"
          aria-pressed={id === current}
          onClick={() => onChange(id)}
        >
          {name}
          {count !== undefined && <span class="segment-count"> {formatCount(count)}</span>}
        </button>
      ))}
    </div>
  );
}
