import { accessSync, constants, type Stats, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname } from "node:path";
import type { AuthOptions } from "../../auth/index.ts";
import type { Config } from "../../config/index.ts";
import { error, type Finding, warning } from "./finding.ts";

/** Descriptors beside those of connections: the log, artifacts that are read, standard streams. */
const OTHER_DESCRIPTORS = 64;
const HAS_MODES = process.platform !== "win32";

/** What the machine gives: descriptors, and files with the right rights. */
export function checkMachine(config: Config, auth: AuthOptions | undefined): Finding[] {
  return [
    ...checkDescriptors(config, maxDescriptors()),
    ...checkWorkers(config, availableParallelism()),
    ...(config.log === "memory" ? [] : checkData(config.data)),
    ...(auth?.keys === undefined || !HAS_MODES ? [] : checkRights(auth.keys)),
  ];
}

function checkDescriptors({ limits }: Pick<Config, "limits">, max: number | undefined): Finding[] {
  const needed = limits.maxConnections + OTHER_DESCRIPTORS;
  if (max === undefined || max >= needed) return [];
  return [
    warning(
      "limits.maxConnections",
      `it is ${limits.maxConnections}, and a process may have ${max} files open here, a connection each: near it new ones ` +
        `get 503. Raise the limit (ulimit -n ${needed}, or LimitNOFILE=${needed} of systemd), or lower maxConnections.`,
    ),
  ];
}

function checkWorkers({ workers }: Pick<Config, "workers">, cores: number): Finding[] {
  if (workers === "auto" || workers === 1 || workers <= cores) return [];
  return [
    warning(
      "workers",
      `it is ${workers}, and this machine gives a process ${cores} cores: more workers than cores cost memory and carry less. Use auto.`,
    ),
  ];
}

/** What a process that is started from here may have open: Node.js raises its soft limit to the hard one. */
function maxDescriptors(): number | undefined {
  // Names of peers would be looked up.
  const report: typeof process.report & { excludeNetwork?: boolean } = process.report;
  report.excludeNetwork = true;
  const { userLimits } = report.getReport() as {
    readonly userLimits?: { readonly open_files?: { readonly soft: number | "unlimited" } };
  };
  const soft = userLimits?.open_files?.soft;
  return typeof soft === "number" ? soft : undefined;
}

function checkData(data: string): Finding[] {
  const folder = statOf(data);
  if (folder !== undefined && !folder.isDirectory())
    return [error("data", `${data} is no folder; name another one by --data.`)];
  let existing = data;
  while (statOf(existing) === undefined && dirname(existing) !== existing) existing = dirname(existing);
  try {
    accessSync(existing, constants.W_OK | constants.X_OK);
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? String(cause);
    return [
      error(
        "data",
        `${existing} may not be written to (${reason}): the server cannot keep messages. Give its user the right, or name another folder by --data.`,
      ),
    ];
  }
  if (!HAS_MODES || folder === undefined || (folder.mode & 0o077) === 0) return [];
  return [
    warning(
      "data",
      `${data} is open to other users of this machine (${modeOf(folder)}), who may read messages there. Close it: chmod 700 ${data}`,
    ),
  ];
}

function checkRights(path: string): Finding[] {
  const file = statOf(path);
  const folder = statOf(dirname(path));
  const close = `Close it: chmod 600 ${path}`;
  if (file === undefined) return [];
  if ((file.mode & 0o022) !== 0)
    return [
      error(
        "auth.keys",
        `other users may write to ${path} (${modeOf(file)}), and so make a key for themselves. ${close}`,
      ),
    ];
  if (folder !== undefined && (folder.mode & 0o022) !== 0 && (folder.mode & 0o1000) === 0)
    return [
      error(
        "auth.keys",
        `other users may write to the folder of ${path} (${modeOf(folder)}), and so put another file in its place. Close it: chmod go-w ${dirname(path)}`,
      ),
    ];
  if ((file.mode & 0o044) === 0) return [];
  return [
    warning(
      "auth.keys",
      `other users may read ${path} (${modeOf(file)}): who has keys, and for what. ${close}`,
    ),
  ];
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

function modeOf({ mode }: Stats): string {
  return (mode & 0o777).toString(8).padStart(4, "0");
}
