export { type Config, type ConfigInput, defineConfig, type PolicyInput } from "./config.ts";
export { FIELDS, valueAt, valueOfText } from "./fields.ts";
export type { FlagValue } from "./layers.ts";
export { assembleConfig, type LoadedConfig, loadConfig, type LoadOptions } from "./load.ts";
export { isLoopbackHost } from "./loopback.ts";
export { nearestName } from "./nearest.ts";
export { ConfigError, describeSource, type Source } from "./problem.ts";
export { type ConfigEntry, configEntries, optionEntries, showField, shownValue } from "./show.ts";
export { LIMIT_NAMES } from "./schema.ts";
