import type { Signal } from "@preact/signals";
import { Field, formatCount } from "@tidings/ui";
import type { JSX } from "preact";
import type { Kind } from "../../../../shared/manifest.ts";
import { ParameterControl } from "../../components/parameter-control.tsx";
import type { Draft } from "./new-run-draft.ts";

/** Digits after the point: all that a manifest may mean. */
const LIMIT_FORMAT = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 20 });

interface NewRunFieldsProps {
  readonly kind: Kind;
  readonly draft: Signal<Draft>;
  readonly faults: Readonly<Record<string, string>>;
}

export function NewRunFields({ kind, draft, faults }: NewRunFieldsProps): JSX.Element {
  const parameters = Object.entries(kind.parameters);
  const plain = (
    field: string,
    name: "priority" | "timeoutSeconds" | "maxMemoryMiB",
    label: string,
  ): JSX.Element => (
    <Field label={label} error={faults[field]}>
      {(ids) => (
        <input
          {...ids}
          class="input"
          data-field={field}
          inputMode="numeric"
          value={draft.value[name]}
          onInput={(event) => (draft.value = { ...draft.value, [name]: event.currentTarget.value })}
        />
      )}
    </Field>
  );
  return (
    <>
      {parameters.length > 0 && (
        <fieldset class="fields">
          <legend>Parameters</legend>
          {parameters.map(([name, parameter]) => (
            <Field
              key={`${kind.name}.${name}`}
              label={parameter.title ?? name}
              hint={hintOf(parameter)}
              error={faults[`parameters.${name}`]}
              isBeside={parameter.type === "boolean"}
            >
              {(ids) => (
                <ParameterControl
                  ids={ids}
                  field={`parameters.${name}`}
                  parameter={parameter}
                  value={draft.value.parameters[name] ?? ""}
                  onChange={(value) => {
                    draft.value = {
                      ...draft.value,
                      parameters: { ...draft.value.parameters, [name]: value },
                    };
                  }}
                />
              )}
            </Field>
          ))}
        </fieldset>
      )}
      <fieldset class="fields">
        <legend>Limits and turn</legend>
        {plain("priority", "priority", "Priority, −100 to 100")}
        {plain("limits.timeoutMs", "timeoutSeconds", "Time limit, seconds")}
        {plain("limits.maxMemoryBytes", "maxMemoryMiB", "Memory limit, MiB")}
      </fieldset>
    </>
  );
}

/** What it is for, and what it may be. */
function hintOf(parameter: Kind["parameters"][string]): string | undefined {
  const { description, live } = parameter;
  const range =
    (parameter.type === "integer" || parameter.type === "number") &&
    parameter.min !== undefined &&
    parameter.max !== undefined
      ? `${formatLimit(parameter.min)} to ${formatLimit(parameter.max)}.`
      : undefined;
  const said = [description, range, live ? "May be changed while it runs." : undefined].filter(Boolean);
  return said.length === 0 ? undefined : said.join(" ");
}

function formatLimit(limit: number): string {
  // As it would be typed: 0.000001, and not as a power of ten.
  return Number.isInteger(limit) ? formatCount(limit) : LIMIT_FORMAT.format(limit);
}
