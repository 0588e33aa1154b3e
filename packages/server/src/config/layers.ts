import { FIELDS, setAt, valueAt, valueOfText } from "./fields.ts";
import { nearestName } from "./nearest.ts";
import { type ConfigProblem, showValue, type Source } from "./problem.ts";
import { checkLayer, type Layer } from "./schema.ts";

/** What one source says, before it is checked. */
export interface RawLayer {
  readonly raw: unknown;
  /** Where the value at a path was given; the empty path is the source as a whole. */
  readonly sourceOf: (path: readonly PropertyKey[]) => Source;
  readonly problems: readonly ConfigProblem[];
}

/** A value that a flag gives, under the field's name. */
export interface FlagValue {
  readonly field: string;
  readonly flag: string;
  readonly value: unknown;
}

/** Fields that may have a `secret` inside. */
const SECRET_FIELDS = ["commands", "auth.jwt", "auth.callback"];
/** Variables that are Tidings' own and no field. */
const OTHER_VARIABLES = ["TIDINGS_URL", "TIDINGS_TOKEN", "TIDINGS_CONFIG"];
/** What Kubernetes sets in every container beside a service whose name begins with "tidings". */
const SERVICE_LINK = /_(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT_\d+_(?:TCP|UDP|SCTP)(?:_\w+)?)$/;

/** Reads `TIDINGS_*`. An empty variable counts as not set, since that is how many tools leave one out. */
export function environmentLayer(environment: Readonly<Record<string, string | undefined>>): RawLayer {
  const raw: Record<string, unknown> = {};
  const problems: ConfigProblem[] = [];
  const variables = new Map(FIELDS.map((field) => [field.variable, field]));
  for (const [variable, text] of Object.entries(environment)) {
    if (!variable.startsWith("TIDINGS_") || text === undefined || text === "") continue;
    const isServiceLink = SERVICE_LINK.test(variable) || /^(?:tcp|udp|sctp):\/\//.test(text);
    if (OTHER_VARIABLES.includes(variable) || isServiceLink) continue;
    const field = variables.get(variable);
    if (field !== undefined) {
      setAt(raw, field.name.split("."), valueOfText(field, text));
      continue;
    }
    const nearest = nearestName(variable, [...variables.keys(), ...OTHER_VARIABLES]);
    problems.push({
      source: { kind: "environment", name: variable },
      field: "",
      message: `no field has this variable${nearest === undefined ? "" : `; did you mean ${nearest}?`}`,
    });
  }
  const sourceOf = (path: readonly PropertyKey[]): Source => {
    const field = fieldAt(path);
    return { kind: "environment", name: FIELDS.find(({ name }) => name === field)?.variable ?? "TIDINGS_*" };
  };
  return { raw, sourceOf, problems };
}

/** What the command line says. */
export function flagLayer(flags: readonly FlagValue[]): RawLayer {
  const raw: Record<string, unknown> = {};
  const names = new Map<string, string>();
  for (const { field, flag, value } of flags) {
    setAt(raw, field.split("."), value);
    names.set(field, flag);
  }
  return {
    raw,
    sourceOf: (path) => ({
      kind: "flag",
      name: names.get(path.map(String).join(".")) ?? names.get(fieldAt(path)) ?? "",
    }),
    problems: [],
  };
}

/** Checks a layer against the schema; the problems are in the words of the layer's source. */
export function checkRawLayer({ raw, sourceOf, problems }: RawLayer): {
  readonly layer: Layer;
  readonly problems: readonly ConfigProblem[];
} {
  const checked = checkLayer(raw);
  if (checked.isValid) return { layer: checked.layer, problems };
  const found = checked.issues.map(({ path, allowed, known }): ConfigProblem => {
    const field = formatPath(path);
    const source = sourceOf(path);
    if (known === undefined) {
      const value = showField(path, valueAt(raw, path));
      const subject = field === "" ? "the configuration" : field;
      return { source, field, message: `${subject} is ${value}; it must be ${allowed}.` };
    }
    return { source, field, message: `${field} is no field; ${suggest(path, known)}` };
  });
  return { layer: {}, problems: [...problems, ...found] };
}

/** Secrets are not shown, nor the text of which they may be a part; what stands for a public key may be a private one. */
function showField(path: readonly PropertyKey[], value: unknown): string {
  const field = fieldAt(path);
  if (SECRET_FIELDS.includes(field) && value !== undefined) {
    const isWhole = path.length === field.split(".").length;
    if (isWhole && typeof value === "string") return "text that is not JSON";
    const name = path.at(-1);
    if (name === "secret" || (name === "publicKey" && typeof value === "string" && value.includes("-----")))
      return "something else";
  }
  return showValue(value);
}

/** The variables that a source names as the place of a secret, as `env:NAME`. */
export function secretVariables(raw: unknown): readonly string[] {
  return SECRET_FIELDS.flatMap((field) => {
    const value = valueAt(raw, field.split("."));
    const entries: readonly unknown[] = Array.isArray(value) ? value : [value];
    return entries.flatMap((entry) => {
      const secret = valueAt(entry, ["secret"]);
      return typeof secret === "string" && secret.startsWith("env:") ? [secret.slice("env:".length)] : [];
    });
  });
}

function suggest(path: readonly PropertyKey[], known: readonly string[]): string {
  const nearest = nearestName(String(path.at(-1)), known);
  if (nearest !== undefined) return `did you mean ${formatPath([...path.slice(0, -1), nearest])}?`;
  return `the fields here are ${known.join(", ")}.`;
}

/** `policies[0].retention.maxAgeMs`. */
function formatPath(path: readonly PropertyKey[]): string {
  return path
    .map((part, at) => (typeof part === "number" ? `[${part}]` : `${at === 0 ? "" : "."}${String(part)}`))
    .join("");
}

/** The field that a path is at or inside of. */
function fieldAt(path: readonly PropertyKey[]): string {
  const names = path.filter((part) => typeof part === "string");
  for (let length = names.length; length > 0; length--) {
    const name = names.slice(0, length).join(".");
    if (FIELDS.some((field) => field.name === name)) return name;
  }
  return "";
}
