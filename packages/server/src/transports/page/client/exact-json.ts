/** What a reviver gets beside key and value where the engine gives it (ECMAScript, "JSON.parse source text access"). */
type Source = { readonly source?: string } | undefined;
type Reviver = (key: string, value: unknown, context?: Source) => unknown;

const rawJson = (JSON as { rawJSON?: (text: string) => unknown }).rawJSON;

/**
 * Parses JSON so that writing it again gives the numbers back as they were sent: 12345678901234567890 is no number a
 * page can hold, and a tool that shows another one is worse than none. Engines without source text access round it.
 *
 * @throws {SyntaxError} for anything but JSON
 */
export function parseExact(text: string): unknown {
  // A reviver makes parsing several times slower, so it is left out where no number can need it.
  if (rawJson === undefined || !/\d{16}|\d[eE][+-]?\d{3}/.test(text)) return JSON.parse(text);
  const keepSource: Reviver = (_key, value, context) =>
    typeof value === "number" && context?.source !== undefined && String(value) !== context.source
      ? rawJson(context.source)
      : value;
  return JSON.parse(text, keepSource);
}
