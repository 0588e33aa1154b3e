import type { FieldIds } from "@tidings/ui";
import type { JSX } from "preact";
import { LIMITS } from "../../../shared/limits.ts";
import type { Parameter } from "../../../shared/manifest.ts";

interface ParameterControlProps {
  readonly ids: FieldIds;
  /** As the server's faults name it. */
  readonly field: string;
  readonly parameter: Parameter;
  /** As it was typed. */
  readonly value: string | boolean;
  readonly onChange: (value: string | boolean) => void;
}

/** The control that fits a parameter's type. */
export function ParameterControl({
  ids,
  field,
  parameter,
  value,
  onChange,
}: ParameterControlProps): JSX.Element {
  switch (parameter.type) {
    case "boolean":
      return (
        <input
          {...ids}
          class="checkbox"
          type="checkbox"
          data-field={field}
          checked={value === true}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
      );
    case "choice":
      return (
        <select
          {...ids}
          class="input"
          data-field={field}
          value={String(value)}
          onChange={(event) => onChange(event.currentTarget.value)}
        >
          {parameter.choices.map((choice) => (
            <option key={choice} value={choice}>
              {choice}
            </option>
          ))}
        </select>
      );
    case "integer":
    case "number":
    case "string":
      return (
        <input
          {...ids}
          class="input"
          data-field={field}
          inputMode={
            parameter.type === "string" ? "text" : parameter.type === "integer" ? "numeric" : "decimal"
          }
          maxLength={LIMITS.maxParameterChars}
          value={String(value)}
          onInput={(event) => onChange(event.currentTarget.value)}
        />
      );
    default:
      return parameter satisfies never;
  }
}
