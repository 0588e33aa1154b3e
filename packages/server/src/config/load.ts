import { dirname, join, resolve } from "node:path";
import type { AuthOptions } from "../auth/index.ts";
import { findAuthFaults } from "./auth-checks.ts";
import { authOptionsOf, resolveJwt } from "./auth.ts";
import type { Config } from "./config.ts";
import { type Contradiction, findContradictions, findMissingSecrets } from "./cross-checks.ts";
import { completePolicy, DEFAULTS } from "./defaults.ts";
import { FIELDS, setAt, valueAt } from "./fields.ts";
import { loadConfigFile } from "./file.ts";
import {
  checkRawLayer,
  environmentLayer,
  flagLayer,
  type FlagValue,
  type RawLayer,
  secretVariables,
} from "./layers.ts";
import { ConfigError, type ConfigProblem, type Source } from "./problem.ts";
import type { Layer } from "./schema.ts";

export interface LoadOptions {
  /** The working folder: where the file is looked for, and what relative paths are from. Default: the process's. */
  readonly folder?: string;
  /** The configuration file, instead of looking for one; `TIDINGS_CONFIG` where this is not given. */
  readonly file?: string;
  /** Default: the process's. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly flags?: readonly FlagValue[];
}

export interface LoadedConfig {
  readonly config: Config;
  /** Where each field's value came from, by names such as `limits.maxMessageBytes`. */
  readonly sources: ReadonlyMap<string, Source>;
  /** What `config.auth` comes to; `undefined` where nobody is asked. */
  readonly auth: AuthOptions | undefined;
}

/**
 * Puts the configuration together: flags over environment over file over defaults, field by field; a list is
 * replaced as a whole. Every source is checked, also what another one overrides.
 *
 * @throws {ConfigError} with all that is wrong at once (`CONFIG_INVALID`)
 */
export async function loadConfig(options: LoadOptions = {}): Promise<LoadedConfig> {
  const environment = options.environment ?? process.env;
  const loaded = await assembleConfig(options);
  const { config, sources } = loaded;
  const auth = authOptionsOf(config.auth, sources.get("auth.keys")?.kind !== "default");
  const contradictions = [
    ...loaded.contradictions,
    ...findMissingSecrets(config, environment),
    ...findAuthFaults(config, auth, environment, Date.now()),
  ];
  if (contradictions.length > 0) {
    throw new ConfigError(
      contradictions.map((contradiction) => ({
        ...contradiction,
        source: sourceOfField(contradiction.field, sources),
      })),
    );
  }
  return { config, sources, auth };
}

/**
 * The same without asking whether its parts go together, and whether its secrets and keys are there: for a command that
 * needs a path of it, and runs where the server's environment is not.
 *
 * @throws {ConfigError} with all fields that are wrong
 */
export async function assembleConfig(options: LoadOptions = {}): Promise<{
  readonly config: Config;
  readonly sources: ReadonlyMap<string, Source>;
  readonly contradictions: readonly Contradiction[];
}> {
  const folder = options.folder ?? process.cwd();
  const environment = options.environment ?? process.env;
  const file = await loadConfigFile(folder, options.file ?? (environment["TIDINGS_CONFIG"] || undefined));

  const rawLayers: RawLayer[] = [environmentLayer(environment), flagLayer(options.flags ?? [])];
  if (file !== undefined) {
    rawLayers.unshift({ raw: file.raw, sourceOf: () => ({ kind: "file", name: file.name }), problems: [] });
  }
  const layers = rawLayers.map((rawLayer) => ({ ...checkRawLayer(rawLayer), sourceOf: rawLayer.sourceOf }));
  const named = rawLayers.flatMap(({ raw }) => secretVariables(raw));
  const problems = layers
    .flatMap((layer) => layer.problems)
    // No field has such a variable, but a field names it.
    .filter(
      ({ source, field }) => field !== "" || source.kind !== "environment" || !named.includes(source.name),
    );
  if (problems.length > 0) throw new ConfigError(problems);

  const { values, sources } = merge(layers);
  // A path in a file is from the file's folder on, so that it means the same from wherever the server is started.
  const folderOf = (field: string): string =>
    sources.get(field)?.kind === "file" && file !== undefined ? dirname(file.path) : folder;
  const data = resolve(folderOf("data"), values.data);
  const { auth, redis, nats } = values;
  const pathOf = (field: string, path: string | null): string | null =>
    path === null ? null : resolve(folderOf(field), path);
  const config: Config = {
    ...values,
    data,
    redis: { ...redis, ca: pathOf("redis.ca", redis.ca) },
    nats: {
      ...nats,
      ca: pathOf("nats.ca", nats.ca),
      credentials: pathOf("nats.credentials", nats.credentials),
    },
    auth: {
      ...auth,
      jwt: resolveJwt(auth.jwt, folderOf("auth.jwt")),
      keys:
        sources.get("auth.keys")?.kind === "default"
          ? join(data, auth.keys)
          : resolve(folderOf("auth.keys"), auth.keys),
    },
    policies: values.policies.map((policy) => completePolicy(policy, values.limits)),
  };
  return { config, sources, contradictions: findContradictions(values.limits, values.policies) };
}

type Values = Omit<Config, "policies"> & { readonly policies: NonNullable<Layer["policies"]> };

function merge(layers: readonly { readonly layer: Layer; readonly sourceOf: RawLayer["sourceOf"] }[]): {
  values: Values;
  sources: Map<string, Source>;
} {
  const values: Record<string, unknown> = {};
  const sources = new Map<string, Source>();
  for (const { name } of FIELDS) {
    const path = name.split(".");
    setAt(values, path, valueAt(DEFAULTS, path));
    sources.set(name, { kind: "default" });
    for (const { layer, sourceOf } of layers) {
      const value = valueAt(layer, path);
      if (value === undefined) continue;
      setAt(values, path, value);
      sources.set(name, sourceOf(path));
    }
  }
  return { values: values as unknown as Values, sources };
}

/** The source of `policies[0].retention` is that of `policies`. */
function sourceOfField(field: string, sources: ReadonlyMap<string, Source>): ConfigProblem["source"] {
  const outer = field.replace(/\[.*|\.[^.]*$/, "");
  return sources.get(field) ?? sources.get(outer) ?? { kind: "default" };
}
