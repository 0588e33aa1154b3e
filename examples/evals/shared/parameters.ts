import { LIMITS } from "./limits.ts";
import type { Parameter, ParameterValue } from "./manifest.ts";
import type { FieldError } from "./problem.ts";

type Definitions = Readonly<Record<string, Parameter>>;

interface Range {
  readonly min?: number | undefined;
  readonly max?: number | undefined;
}

/**
 * Checks parameters against a manifest's. Those that are not given get their default, or with `isChange` are left out.
 * The answer has `errors` where anything is wrong, all of it at once; `path` begins with `parameters.`.
 */
export function checkParameters(
  definitions: Definitions,
  given: Readonly<Record<string, unknown>>,
  { isChange = false }: { readonly isChange?: boolean } = {},
): { readonly values: Record<string, ParameterValue>; readonly errors: readonly FieldError[] } {
  const values: Record<string, ParameterValue> = {};
  const errors: FieldError[] = [];
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(definitions, name)) continue;
    const known = Object.keys(definitions).join(", ") || "none";
    errors.push({ path: `parameters.${name}`, message: `there is no such parameter; there are: ${known}` });
  }
  for (const [name, definition] of Object.entries(definitions)) {
    const isGiven = Object.hasOwn(given, name);
    if (!isGiven && isChange) continue;
    const value = isGiven ? given[name] : definition.default;
    const message = faultOf(definition, value);
    if (message === undefined) values[name] = value as ParameterValue;
    else errors.push({ path: `parameters.${name}`, message });
  }
  return { values, errors };
}

/** What is wrong with a value, for the one who gave it; `undefined` where nothing is. */
export function faultOf(definition: Parameter, value: unknown): string | undefined {
  switch (definition.type) {
    case "integer":
      if (!Number.isSafeInteger(value)) return "must be a whole number";
      return outOfRange(definition, value as number);
    case "number":
      if (!Number.isFinite(value)) return "must be a number";
      return outOfRange(definition, value as number);
    case "boolean":
      return typeof value === "boolean" ? undefined : "must be true or false";
    case "choice":
      return definition.choices.includes(value as string)
        ? undefined
        : `must be one of ${definition.choices.join(", ")}`;
    case "string":
      if (typeof value !== "string") return "must be a text";
      return value.length <= LIMITS.maxParameterChars
        ? undefined
        : `must be at most ${LIMITS.maxParameterChars} characters`;
    default:
      return definition satisfies never;
  }
}

function outOfRange({ min, max }: Range, value: number): string | undefined {
  if (min !== undefined && value < min) return `must be at least ${min}`;
  if (max !== undefined && value > max) return `must be at most ${max}`;
  return undefined;
}
