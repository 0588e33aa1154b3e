import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { NODE_ARGUMENTS } from "../../supervisor/node.ts";
import { FILES } from "../../supervisor/run-file.ts";

const MAIN = fileURLToPath(new URL("../../supervisor/main.ts", import.meta.url));

/**
 * Starts the supervisor of a run, which goes on whatever becomes of this process. Resolves once it has the run.
 *
 * @throws {Error} with what it said, where it ended before that
 */
export async function startSupervisor(folder: string): Promise<void> {
  const faults = openSync(join(folder, FILES.faults), "a", 0o600);
  const child = spawn(process.execPath, [...NODE_ARGUMENTS, MAIN, folder], {
    detached: true,
    stdio: ["ignore", "pipe", faults],
  });
  closeSync(faults);
  child.unref();
  const { promise, resolve } = Promise.withResolvers<"running" | Error>();
  child.stdout?.once("data", () => resolve("running"));
  child.once("error", resolve);
  // Not "exit", which may be told ahead of what one that is over at once had said.
  child.once("close", (code, signal) => resolve(new Error(`it ended with ${signal ?? `code ${code}`}`)));
  const outcome = await promise;
  child.stdout?.destroy();
  if (outcome === "running") return;
  const said = await readFile(join(folder, FILES.faults), "utf8").catch(() => "");
  throw new Error(`${outcome.message}. ${said.trim().split("\n").at(-1) ?? ""}`.trim());
}
