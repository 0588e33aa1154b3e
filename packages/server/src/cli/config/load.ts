import { type LoadedConfig, loadConfig } from "../../config/index.ts";
import { type ConfigFlags, flagValues } from "./flags.ts";

/** Loads the configuration with what the command line says. Throws a `ConfigError` with all that is wrong. */
export function loadWithFlags(flags: ConfigFlags): Promise<LoadedConfig> {
  return loadConfig({
    ...(flags.config === undefined ? {} : { file: flags.config }),
    flags: flagValues(flags),
  });
}
