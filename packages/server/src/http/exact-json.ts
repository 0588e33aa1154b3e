interface RawJson {
  rawJSON(text: string): unknown;
}
type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;

/**
 * Parses JSON so that `JSON.stringify` writes every number as it was given: those that a double would change are kept
 * as text (ECMAScript "JSON.parse source text access").
 */
export function parseExact(text: string): unknown {
  const keep: Reviver = (_key, value, { source }) =>
    typeof value === "number" && source !== undefined && String(value) !== source
      ? (JSON as unknown as RawJson).rawJSON(source)
      : value;
  return JSON.parse(text, keep as Parameters<typeof JSON.parse>[1]);
}
