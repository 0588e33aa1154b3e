import type { JSX } from "preact";
import { fault } from "../live/lab.ts";

/** What the lab said to the last of these commands, where it was no. */
export function FaultNote({ of }: { readonly of: readonly string[] }): JSX.Element | null {
  const met = fault.value;
  if (met === undefined || !of.includes(met.command)) return null;
  const isRefused =
    met.code === "FORBIDDEN" || met.code === "UNAUTHENTICATED" || met.code === "ORIGIN_FORBIDDEN";
  return (
    <p class="form-fault" role="alert">
      {isRefused && <b>You may not do this from here. </b>}
      {met.message}
    </p>
  );
}
