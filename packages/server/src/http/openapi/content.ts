/** A body of one media type: its schema, and examples by name. */
export function media(schema: object, examples: Readonly<Record<string, unknown>> = {}): object {
  const named = Object.entries(examples).map(([name, value]) => [name, { value }]);
  return { schema, ...(named.length === 0 ? {} : { examples: Object.fromEntries(named) as object }) };
}

export function schemaRef(name: string): object {
  return { $ref: `#/components/schemas/${name}` };
}

/** Media types whose body goes on, or has no schema of its own. */
export const text: object = { type: "string" };
