import { TidingsError } from "@tidings/protocol";

/** Where a field's value was given. Flags beat the environment, which beats the file, which beats the defaults. */
export type Source =
  | { readonly kind: "default" }
  | { readonly kind: "file"; readonly name: string }
  | { readonly kind: "environment"; readonly name: string }
  | { readonly kind: "flag"; readonly name: string };

/** One thing that is wrong with a configuration. */
export interface ConfigProblem {
  readonly source: Source;
  /** Such as `limits.maxMessageBytes` or `policies[0].pattern`; empty for the source as a whole. */
  readonly field: string;
  /** The whole sentence: which field, what was found, what is allowed. */
  readonly message: string;
}

/** Every problem of a configuration at once; its message has a line for each. */
export class ConfigError extends TidingsError {
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    const lines = problems.map((problem) => `  ${describeSource(problem.source)}: ${problem.message}`);
    const [only] = problems;
    super(
      "CONFIG_INVALID",
      `the configuration is not valid:\n${lines.join("\n")}`,
      problems.length === 1 && only !== undefined && only.field !== "" ? { field: only.field } : {},
    );
    this.problems = problems;
  }
}

/** `flag --port`, `environment TIDINGS_PORT`, `file tidings.config.json`, `default`. */
export function describeSource(source: Source): string {
  return source.kind === "default" ? "default" : `${source.kind} ${source.name}`;
}

/** A value as an error may show it: short, on one line, and without what may be a credential in a URL. */
export function showValue(value: unknown): string {
  if (value === undefined) return "missing";
  if (typeof value === "function") return "a function";
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "an array" : "an object";
  if (typeof value !== "string") return String(value as number | boolean | null);
  const withoutCredential = value.replace(/\/\/.*@/, "//…@");
  return JSON.stringify(
    withoutCredential.length > 60 ? `${withoutCredential.slice(0, 60)}…` : withoutCredential,
  );
}
