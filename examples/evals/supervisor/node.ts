const FLAGS = ["--experimental-strip-types", "--no-warnings"];

/** What Node.js needs to run TypeScript by taking its types off: nothing from 22.18 on, before that what this process got. */
export const NODE_ARGUMENTS: readonly string[] =
  process.features.typescript && !process.execArgv.includes("--experimental-strip-types") ? [] : FLAGS;
