import type { JSX } from "preact";

/** That what is below is not the newest, and why. */
export function FaultNote({ fault }: { readonly fault: string | undefined }): JSX.Element | null {
  if (fault === undefined) return null;
  return (
    <p class="fault-note" role="status">
      {fault} What you see may be old.
    </p>
  );
}
