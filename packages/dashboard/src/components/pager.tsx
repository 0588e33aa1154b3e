import { Button, formatCount } from "@tidings/ui";
import type { JSX } from "preact";

interface PagerProps {
  readonly skip: number;
  readonly shown: number;
  readonly count: number;
  /** Whether the server has more to give: it does not go on for ever. */
  readonly hasNext: boolean;
  readonly what: string;
  readonly onSkip: (skip: number) => void;
  readonly size: number;
}

/** From where to where, of how many. */
export function Pager(props: PagerProps): JSX.Element {
  const { skip, shown, count, hasNext, what, onSkip, size } = props;
  return (
    <nav class="pager" aria-label={`Pages of ${what}`}>
      <p class="quiet" role="status">
        {shown === 0
          ? `No ${what}`
          : `${formatCount(skip + 1)}–${formatCount(skip + shown)} of ${formatCount(count)} ${what}`}
      </p>
      <Button isDisabled={skip === 0} onClick={() => onSkip(Math.max(0, skip - size))}>
        Previous
      </Button>
      <Button isDisabled={!hasNext} onClick={() => onSkip(skip + size)}>
        Next
      </Button>
    </nav>
  );
}
