import type { JSX } from "preact";

interface MeterProps {
  /** Its name for those who do not see it. */
  readonly label: string;
  /** From 0 to 1. */
  readonly share: number;
  /** From this share on it is a warning, and from `badFrom` on a fault. Default 0.8 and 0.95. */
  readonly warnFrom?: number;
  readonly badFrom?: number;
}

/** How much of something is taken. The width is the element's attribute, which a strict policy lets through. */
export function Meter({ label, share, warnFrom = 0.8, badFrom = 0.95 }: MeterProps): JSX.Element {
  const tone = share >= badFrom ? "bad" : share >= warnFrom ? "warn" : "good";
  return (
    <progress
      class={`meter meter-${tone}`}
      value={Math.min(1, Math.max(0, share))}
      max={1}
      aria-label={label}
    />
  );
}
