/**
 * What a schema of any library that keeps to Standard Schema (standardschema.dev, version 1) looks like: Zod, Valibot,
 * ArkType and others. The interface is ours, so that none of them is a dependency.
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    /** There for the compiler alone. */
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** What a schema takes. */
export type InputOf<Schema extends StandardSchema> = NonNullable<Schema["~standard"]["types"]>["input"];
/** What a schema makes of it. */
export type OutputOf<Schema extends StandardSchema> = NonNullable<Schema["~standard"]["types"]>["output"];

/** One thing that a schema found, as a caller is told. */
export interface InputIssue {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** A peer's input can have as many faults as it has bytes; the first of them tell enough. */
const MAX_ISSUES = 16;
const MAX_PATH = 16;
const MAX_TEXT = 200;

/** A schema's issues, few and short. */
export function boundIssues(issues: readonly SchemaIssue[]): readonly InputIssue[] {
  return issues.slice(0, MAX_ISSUES).map(({ message, path = [] }) => ({
    path: path.slice(0, MAX_PATH).map((part) => segmentOf(typeof part === "object" ? part.key : part)),
    message: cut(String(message)),
  }));
}

/** `steps.0.name: must be a string`, of the first few. */
export function describeIssues(issues: readonly InputIssue[]): string {
  const told = issues.slice(0, 3).map(({ path, message }) => {
    return path.length === 0 ? message : `${path.join(".")}: ${message}`;
  });
  return told.join("; ") + (issues.length > 3 ? "; and more" : "");
}

function segmentOf(key: PropertyKey): string | number {
  return typeof key === "number" ? key : cut(String(key));
}

function cut(text: string): string {
  return (text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text).toWellFormed();
}
