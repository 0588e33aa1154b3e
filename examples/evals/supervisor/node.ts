/** What Node.js needs to run TypeScript by taking its types off: nothing from 22.18 on. */
export const NODE_ARGUMENTS: readonly string[] = process.features.typescript
  ? []
  : ["--experimental-strip-types", "--no-warnings"];
