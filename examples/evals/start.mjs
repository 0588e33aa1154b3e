// Builds the pages and starts the platform: `npm run example:evals -- --help`.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const build = new URL("web/build.mjs", import.meta.url);
const web = existsSync(build) ? await (await import(build.href)).buildWeb() : undefined;
const main = fileURLToPath(new URL("server/main.ts", import.meta.url));
// Before 22.18 Node.js takes the types off only where it is asked to.
const flags = process.features.typescript ? [] : ["--experimental-strip-types", "--no-warnings"];
const child = spawn(
  process.execPath,
  [...flags, main, ...(web === undefined ? [] : ["--web", web]), ...process.argv.slice(2)],
  { stdio: "inherit" },
);
// A terminal sends them to both; whoever ends this process alone means both.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => child.kill("SIGTERM"));
child.on("exit", (code, signal) => process.exit(code ?? (signal === null ? 1 : 128)));
