import type { JSX } from "preact";
import type { Tone } from "./badge.tsx";

interface MeterProps {
  /** Its name for those who do not see it. */
  readonly label: string;
  /** From 0 to 1. */
  readonly share: number;
  /** Default: by how much is taken. */
  readonly tone?: Tone;
  /** From this share on it is a warning, and from `badFrom` on a fault, where no tone is said. Default 0.8 and 0.95. */
  readonly warnFrom?: number;
  readonly badFrom?: number;
}

/** How much of something is taken. The width is the element's attribute, which a strict policy lets through. */
export function Meter({ label, share, tone, warnFrom = 0.8, badFrom = 0.95 }: MeterProps): JSX.Element {
  const shown = tone ?? (share >= badFrom ? "bad" : share >= warnFrom ? "warn" : "busy");
  return (
    <progress
      class={`meter meter-${shown}`}
      value={Math.min(1, Math.max(0, share))}
      max={1}
      aria-label={label}
    />
  );
}
