import type { ComponentChildren, JSX } from "preact";
import { useId } from "preact/hooks";

/** What ties a control to its words. */
export interface FieldIds {
  readonly id: string;
  readonly "aria-describedby": string | undefined;
  readonly "aria-invalid": "true" | undefined;
}

interface FieldProps {
  readonly label: string;
  readonly hint?: string | undefined;
  readonly error?: string | undefined;
  /** The name is beside the control, as with a checkbox. */
  readonly isBeside?: boolean;
  readonly children: (ids: FieldIds) => ComponentChildren;
}

/** A control with its name, what it is for, and what is wrong with what is in it. */
export function Field({ label, hint, error, isBeside = false, children }: FieldProps): JSX.Element {
  const id = useId();
  const about = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");
  return (
    <div class={`field${error === undefined ? "" : " field-wrong"}${isBeside ? " field-beside" : ""}`}>
      <label for={id}>{label}</label>
      {children({ id, "aria-describedby": about || undefined, "aria-invalid": error ? "true" : undefined })}
      {hint && (
        <p class="field-hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {error && (
        <p class="field-error" id={`${id}-error`}>
          {error}
        </p>
      )}
    </div>
  );
}
