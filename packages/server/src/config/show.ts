import { shownLogUrl } from "../logs/log-url.ts";
import { DEFAULTS } from "./defaults.ts";
import { FIELDS, valueAt } from "./fields.ts";
import { describeSource, type Source } from "./problem.ts";

/** One field of the configuration in force, fit for the eye. */
export interface ConfigEntry {
  /** Such as `limits.maxMessageBytes`. */
  readonly name: string;
  /** Without secrets; `"Infinity"` for what has no bound. */
  readonly value: unknown;
  /** `flag --port`, `environment TIDINGS_PORT`, `file tidings.config.json`, `option`, `default`. */
  readonly source: string;
}

/** Of a URL: its scheme, and the user of those who have a password too. */
const CREDENTIALS = /^([a-z][a-z0-9+.-]*:\/\/)([^/@:]*:)?[^/@]*@/i;
/** Those that only the command line has. */
const NOT_OF_LIBRARY = new Set(["host", "port", "workers", "logLevel", "logFormat"]);

/** Every field of a configuration that was loaded. */
export function configEntries(config: object, sources: ReadonlyMap<string, Source>): readonly ConfigEntry[] {
  return FIELDS.map(({ name }) => {
    const source = describeSource(sources.get(name) ?? { kind: "default" });
    return { name, value: shownValue(name, valueAt(config, name.split("."))), source };
  });
}

/** The same of a server that a program has made with options. */
export function optionEntries(options: object): readonly ConfigEntry[] {
  return FIELDS.filter(({ name }) => !NOT_OF_LIBRARY.has(name)).map(({ name }) => {
    const path = name.split(".");
    const given = valueAt(options, path);
    const value = shownValue(name, given ?? valueAt(DEFAULTS, path));
    return { name, value, source: given === undefined ? "default" : "option" };
  });
}

/** A value as JSON has it, without what is not for the eye. */
export function shownValue(name: string, value: unknown): unknown {
  if (value === undefined) return null;
  // Under its own name: a value that was shown once is not for showing again.
  const shown = JSON.parse(JSON.stringify({ [name]: value }, showField)) as Readonly<Record<string, unknown>>;
  return shown[name];
}

/** Secrets are not for the eye, nor credentials in a URL. JSON has no Infinity, and `"Infinity"` is what the configuration takes for it. */
export function showField(key: string, value: unknown): unknown {
  if (key === "secret" && typeof value === "string" && !value.startsWith("env:"))
    return value.startsWith("whsec_") ? "whsec_…" : "…";
  if (key === "log" && typeof value === "string") return shownLogUrl(value);
  if (typeof value === "string") return value.replace(CREDENTIALS, "$1$2***@");
  return value === Number.POSITIVE_INFINITY ? "Infinity" : value;
}
