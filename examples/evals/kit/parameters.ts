import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A parameter as the manifest (`evaluation.json`) describes it. */
export interface ParameterSpec {
  readonly type: "integer" | "number" | "string" | "boolean" | "choice";
  readonly default: unknown;
  /** Lowest number, inclusive. */
  readonly min?: number;
  /** Highest number, inclusive. */
  readonly max?: number;
  /** What a `choice` is one of. */
  readonly choices?: readonly string[];
  /** Whether it may be set while the evaluation runs. Default: no. */
  readonly live?: boolean;
}

export type ParameterSpecs = Readonly<Record<string, ParameterSpec>>;

/** The parameters that the manifest in `directory` describes. */
export function readSpecs(directory: string): ParameterSpecs {
  const manifest = JSON.parse(readFileSync(join(directory, "evaluation.json"), "utf8")) as {
    readonly parameters: ParameterSpecs;
  };
  return manifest.parameters;
}

/** What is wrong with `value` as the parameter `name`, in words for a person; nothing when it is right. */
export function parameterFault(name: string, spec: ParameterSpec, value: unknown): string | undefined {
  switch (spec.type) {
    case "integer":
    case "number": {
      const isNumber = spec.type === "integer" ? Number.isSafeInteger(value) : Number.isFinite(value);
      const { min = -Infinity, max = Infinity } = spec;
      if (isNumber && (value as number) >= min && (value as number) <= max) return undefined;
      return `"${name}" is ${spec.type === "integer" ? "a whole number" : "a number"} from ${min} to ${max}`;
    }
    case "string":
      return typeof value === "string" ? undefined : `"${name}" is a string`;
    case "boolean":
      return typeof value === "boolean" ? undefined : `"${name}" is true or false`;
    case "choice": {
      const choices = spec.choices ?? [];
      return choices.some((choice) => choice === value)
        ? undefined
        : `"${name}" is one of: ${choices.join(", ")}`;
    }
    default:
      return `"${name}" has the unknown type "${String(spec.type)}"`;
  }
}

/**
 * The parameters of a run: what is given, and the manifest's defaults for the rest.
 * @throws {TypeError} on one that the manifest does not have, or that it does not allow.
 */
export function readParameters(specs: ParameterSpecs, given: unknown): Record<string, unknown> {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw new TypeError("EVAL_PARAMETERS is a JSON object of parameters");
  }
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(specs, name));
  if (unknown !== undefined) {
    throw new TypeError(`there is no parameter "${unknown}"; there is: ${Object.keys(specs).join(", ")}`);
  }
  const parameters: Record<string, unknown> = {};
  for (const [name, spec] of Object.entries(specs)) {
    const value = Object.hasOwn(given, name)
      ? (given as Readonly<Record<string, unknown>>)[name]
      : spec.default;
    const fault = parameterFault(name, spec, value);
    if (fault !== undefined) throw new TypeError(fault);
    parameters[name] = value;
  }
  return parameters;
}
