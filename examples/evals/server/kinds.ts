import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import * as v from "valibot";
import { DEFAULT_RUN_LIMITS } from "../shared/limits.ts";
import { type Kind, type Manifest, ManifestSchema, type RunLimits } from "../shared/manifest.ts";
import { faultOf } from "../shared/parameters.ts";
import { faultOfPattern } from "./rules.ts";

const MANIFEST_FILE = "evaluation.json";

/** A kind of evaluation, with what it takes to start one. */
export interface LoadedKind {
  readonly manifest: Manifest;
  readonly limits: RunLimits;
  /** Its files as absolute paths: it runs in a folder of its own. */
  readonly command: readonly string[];
}

/**
 * Reads the manifests in the folders of `folders`: each folder in them that has one is a kind.
 *
 * @throws {Error} with everything that is wrong with them
 */
export function loadKinds(folders: readonly string[]): ReadonlyMap<string, LoadedKind> {
  const kinds = new Map<string, LoadedKind>();
  const faults: string[] = [];
  for (const folder of folders.map((each) => resolve(each))) {
    for (const name of readdirSync(folder).toSorted()) {
      const path = join(folder, name, MANIFEST_FILE);
      if (!existsSync(path)) continue;
      try {
        const manifest = readManifest(path);
        if (kinds.has(manifest.name)) throw new Error(`there is another evaluation "${manifest.name}"`);
        kinds.set(manifest.name, loaded(join(folder, name), manifest));
      } catch (error) {
        faults.push(`${path}: ${(error as Error).message}`);
      }
    }
  }
  if (faults.length > 0) throw new Error(faults.join("\n"));
  return kinds;
}

export function kindOf({ manifest, limits }: LoadedKind): Kind {
  const { command: _, ...rest } = manifest;
  return { ...rest, limits };
}

function readManifest(path: string): Manifest {
  const result = v.safeParse(v.pipe(v.string(), v.parseJson(), ManifestSchema), readFileSync(path, "utf8"));
  if (!result.success) {
    const faults = result.issues.map((issue) => `${v.getDotPath(issue) ?? "it"}: ${issue.message}`);
    throw new Error(faults.join("; "));
  }
  const manifest = result.output;
  const faults = [
    ...Object.entries(manifest.parameters).flatMap(([name, parameter]) => {
      const fault = faultOf(parameter, parameter.default);
      return fault === undefined ? [] : [`parameters.${name}.default ${fault}`];
    }),
    ...manifest.rules.flatMap(({ name, pattern }) => {
      const fault = faultOfPattern(pattern);
      return fault === undefined ? [] : [`the pattern of rule "${name}": ${fault}`];
    }),
  ];
  if (faults.length > 0) throw new Error(faults.join("; "));
  return manifest;
}

function loaded(folder: string, manifest: Manifest): LoadedKind {
  const { timeoutMs, maxMemoryBytes, maxLogBytes } = manifest.limits;
  const [program = "", ...args] = manifest.command;
  const absolute = (part: string): string =>
    existsSync(join(folder, part)) && !part.startsWith("-") ? join(folder, part) : part;
  return {
    manifest,
    limits: {
      timeoutMs: timeoutMs ?? DEFAULT_RUN_LIMITS.timeoutMs,
      maxMemoryBytes: maxMemoryBytes ?? DEFAULT_RUN_LIMITS.maxMemoryBytes,
      maxLogBytes: maxLogBytes ?? DEFAULT_RUN_LIMITS.maxLogBytes,
    },
    command: [program.includes("/") ? absolute(program) : program, ...args.map(absolute)],
  };
}
