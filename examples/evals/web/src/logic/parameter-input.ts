import type { Parameter, ParameterValue } from "../../../shared/manifest.ts";
import { faultOf } from "../../../shared/parameters.ts";
import type { FieldError } from "../../../shared/problem.ts";

/** What somebody typed as the value that a parameter takes; or what is wrong with it. */
export function readParameter(
  definition: Parameter,
  typed: string | boolean,
): { readonly value: ParameterValue } | { readonly error: string } {
  let value: ParameterValue = typed;
  if (definition.type === "integer" || definition.type === "number")
    // `Number("")` is 0, which nobody typed.
    value = typeof typed === "string" && typed.trim() !== "" ? Number(typed) : Number.NaN;
  const error = faultOf(definition, value);
  return error === undefined ? { value } : { error };
}

/** The server's faults by field: the first of each; those that no field has are under `""`. */
export function faultsByField(
  errors: readonly FieldError[],
  fields: readonly string[],
): Readonly<Record<string, string>> {
  const faults: Record<string, string> = {};
  for (const { path, message } of errors) {
    const field = fields.includes(path) ? path : "";
    const told = field === "" && path !== "" ? `${path}: ${message}` : message;
    if (faults[field] === undefined) faults[field] = told;
    else if (field === "") faults[""] = `${faults[""]}; ${told}`;
  }
  return faults;
}
