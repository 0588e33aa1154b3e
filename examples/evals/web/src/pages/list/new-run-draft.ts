import type { CreateBody } from "../../../../shared/evaluation.ts";
import type { Kind, Parameter } from "../../../../shared/manifest.ts";
import { readParameter } from "../../logic/parameter-input.ts";

/** What is in the fields, as it was typed. */
export interface Draft {
  readonly parameters: Readonly<Record<string, string | boolean>>;
  readonly priority: string;
  /** In seconds and MiB, as people say it. */
  readonly timeoutSeconds: string;
  readonly maxMemoryMiB: string;
}

const MIB = 1_048_576;

export function draftOf(kind: Kind | undefined): Draft {
  const parameters: Record<string, string | boolean> = {};
  for (const [name, { default: value }] of Object.entries(kind?.parameters ?? {}))
    parameters[name] = typeof value === "boolean" ? value : String(value);
  return {
    parameters,
    priority: "0",
    timeoutSeconds: String((kind?.limits.timeoutMs ?? 0) / 1_000),
    maxMemoryMiB: String((kind?.limits.maxMemoryBytes ?? 0) / MIB),
  };
}

/** The fields' names, as the server's faults name them. */
export function fieldsOf(kind: Kind): readonly string[] {
  const parameters = Object.keys(kind.parameters).map((name) => `parameters.${name}`);
  return [...parameters, "priority", "limits.timeoutMs", "limits.maxMemoryBytes"];
}

/** What is wrong with parameters as they are typed, by field: the server looks at them only once the rest is right. */
export function faultsOf(kind: Kind, draft: Draft): Readonly<Record<string, string>> {
  const faults: Record<string, string> = {};
  for (const [name, definition] of Object.entries(kind.parameters)) {
    const read = readParameter(definition as Parameter, draft.parameters[name] ?? "");
    if ("error" in read) faults[`parameters.${name}`] = read.error;
  }
  return faults;
}

/** What is sent. What cannot be read is sent as it was typed: the server says what is wrong with it, for all fields at once. */
export function bodyOf(kind: Kind, draft: Draft): CreateBody {
  const parameters: Record<string, unknown> = {};
  for (const [name, definition] of Object.entries(kind.parameters)) {
    const typed = draft.parameters[name] ?? "";
    const read = readParameter(definition as Parameter, typed);
    parameters[name] = "value" in read ? read.value : toNumber(typed);
  }
  return {
    kind: kind.name,
    parameters,
    priority: toNumber(draft.priority) as number,
    limits: {
      timeoutMs: scaled(draft.timeoutSeconds, 1_000),
      maxMemoryBytes: scaled(draft.maxMemoryMiB, MIB),
    },
  };
}

function toNumber(typed: string | boolean): unknown {
  if (typeof typed !== "string" || typed.trim() === "") return typed;
  return Number.isNaN(Number(typed)) ? typed : Number(typed);
}

/** Whole milliseconds or bytes; what is no number stays what it is, for the server to refuse. */
function scaled(typed: string, unit: number): number {
  const value = toNumber(typed);
  return (typeof value === "number" ? Math.round(value * unit) : value) as number;
}
