import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname, extname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { ConfigError } from "./problem.ts";

/** The names looked for in the working folder. */
const NAMES = ["tidings.config.ts", "tidings.config.js", "tidings.config.mjs", "tidings.config.json"];

export interface ConfigFile {
  readonly path: string;
  /** As it is named in errors: as it was given, or by its name alone. */
  readonly name: string;
  readonly raw: unknown;
}

/**
 * Loads the configuration file: the one given, else the one in the folder, else none.
 *
 * @throws {ConfigError} when it is not there, there are several, or it cannot be read
 */
export async function loadConfigFile(
  folder: string,
  given: string | undefined,
): Promise<ConfigFile | undefined> {
  const path = given === undefined ? findConfigFile(folder) : resolve(folder, given);
  if (path === undefined) return undefined;
  const name = given ?? basename(path);
  if (!existsSync(path)) throw fileError(name, "there is no such file.");
  try {
    return { path, name, raw: await read(path) };
  } catch (cause) {
    throw fileError(name, `it cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

function findConfigFile(folder: string): string | undefined {
  const [first, second] = NAMES.filter((name) => existsSync(join(folder, name)));
  if (first === undefined) return undefined;
  // Which one wins would be a guess, and the other's settings would be lost without a word.
  if (second !== undefined)
    throw fileError(first, `${second} is there too; keep one of them, or name it with --config.`);
  return join(folder, first);
}

async function read(path: string): Promise<unknown> {
  switch (extname(path)) {
    case ".json": {
      // A BOM is what some editors write, and JSON.parse refuses it.
      const text = (await readFile(path, "utf8")).replace(/^\uFEFF/, "");
      return JSON.parse(text) as unknown;
    }
    case ".js":
    case ".mjs":
      return defaultExport((await import(pathToFileURL(path).href)) as object);
    case ".ts":
    case ".mts": {
      // Node strips types by itself only from 22.18 on, and without enums; with jiti all versions read the same files.
      const { createJiti } = await import("jiti");
      const jiti = createJiti(join(dirname(path), "/"), { fsCache: false, moduleCache: false });
      return defaultExport(await jiti.import<object>(path));
    }
    default:
      throw new Error("its name must end in .ts, .js, .mjs or .json.");
  }
}

function defaultExport(loaded: object): unknown {
  if (!("default" in loaded)) throw new Error("it has no default export; write `export default { … }`.");
  return loaded.default;
}

function fileError(name: string, message: string): ConfigError {
  return new ConfigError([{ source: { kind: "file", name }, field: "", message }]);
}
