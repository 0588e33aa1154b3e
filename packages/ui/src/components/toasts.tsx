import type { JSX } from "preact";
import { dismiss, toasts } from "../live/toasts.ts";
import { Button } from "./button.tsx";

/** What was done, and what could not be: said politely, faults at once. */
export function Toasts(): JSX.Element {
  const of = (isFault: boolean): JSX.Element[] =>
    toasts.value
      .filter((toast) => toast.isFault === isFault)
      .map(({ id, text }) => (
        <div key={id} class={isFault ? "toast toast-fault" : "toast"}>
          <span>{text}</span>
          <Button icon="close" label="Dismiss" look="quiet" onClick={() => dismiss(id)} />
        </div>
      ));
  return (
    <div class="toasts">
      <div role="status">{of(false)}</div>
      <div role="alert">{of(true)}</div>
    </div>
  );
}
