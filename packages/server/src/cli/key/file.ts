import { join, resolve } from "node:path";
import { type Command, Option } from "commander";
import { assembleConfig } from "../../config/index.ts";

export interface KeyFileOptions {
  readonly keys?: string;
  readonly data?: string;
  readonly config?: string;
}

/** Adds what says where the keys are. */
export function addKeyFileOptions(command: Command): Command {
  return command
    .addOption(new Option("--keys <file>", "the file of keys (default: the server's)").conflicts("data"))
    .option("--data <folder>", "the server's data folder, with the file keys.json")
    .option(
      "--config <file>",
      "the server's configuration file (default: tidings.config.{ts,js,mjs,json} here)",
    );
}

/** The file that is named, or else the one that `tidings serve` would read here. */
export async function keyFileOf({ keys, data, config }: KeyFileOptions): Promise<string> {
  if (keys !== undefined) return resolve(keys);
  if (data !== undefined) return join(resolve(data), "keys.json");
  return (await assembleConfig(config === undefined ? {} : { file: config })).config.auth.keys;
}
