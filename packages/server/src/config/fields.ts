import { DEFAULTS } from "./defaults.ts";

/** One field that has a value of its own: a leaf of the configuration. */
export interface Field {
  /** Such as `limits.maxMessageBytes`. */
  readonly name: string;
  /** The environment variable that sets it, such as `TIDINGS_LIMITS_MAX_MESSAGE_BYTES`. */
  readonly variable: string;
  /** How text (a variable, a flag) becomes a value: as it is, parted at commas, as a yes or no, or as JSON. */
  readonly text: "plain" | "list" | "boolean" | "json";
}

/** Fields whose value has an inside that no variable or flag can name. */
const JSON_FIELDS: readonly string[] = [
  "policies",
  "commands",
  "auth.jwt",
  "auth.anonymous",
  "auth.callback",
];

/** All fields, in the order of the defaults. */
export const FIELDS: readonly Field[] = leavesOf(DEFAULTS, []);

function leavesOf(value: object, path: readonly string[]): Field[] {
  return Object.entries(value).flatMap(([key, inner]: [string, unknown]) => {
    const at = [...path, key];
    const name = at.join(".");
    const isInner = typeof inner === "object" && inner !== null && !Array.isArray(inner);
    if (isInner && !JSON_FIELDS.includes(name)) return leavesOf(inner, at);
    return [{ name, variable: variableFor(at), text: textOf(name, inner) }];
  });
}

function textOf(name: string, value: unknown): Field["text"] {
  if (JSON_FIELDS.includes(name)) return "json";
  if (Array.isArray(value)) return "list";
  return typeof value === "boolean" ? "boolean" : "plain";
}

function variableFor(path: readonly string[]): string {
  return `TIDINGS_${path.map((part) => part.replaceAll(/[A-Z]/g, "_$&").toUpperCase()).join("_")}`;
}

/**
 * Reads a field's text as its value. What cannot be read so is answered as the text itself: the schema refuses it,
 * and can then show what was found.
 */
export function valueOfText(field: Field, text: string): unknown {
  switch (field.text) {
    case "plain":
      return text;
    case "list":
      return text
        .split(",")
        .map((part) => part.trim())
        .filter((part) => part !== "");
    case "boolean":
      if (/^(?:true|yes|on|1)$/i.test(text)) return true;
      return /^(?:false|no|off|0)$/i.test(text) ? false : text;
    case "json":
      try {
        return JSON.parse(text) as unknown;
      } catch {
        return text;
      }
  }
}

/** The value at a path such as `limits.maxMessageBytes`, or `undefined`. */
export function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let at = value;
  for (const part of path) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, part)) return undefined;
    at = (at as Record<PropertyKey, unknown>)[part];
  }
  return at;
}

/** Sets the value at a path, making the objects on the way. The names come from {@link FIELDS}, not from outside. */
export function setAt(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let at = target;
  for (const part of path.slice(0, -1)) at = (at[part] ??= {}) as Record<string, unknown>;
  at[path.at(-1) as string] = value;
}
