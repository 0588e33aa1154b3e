import { mkdir, open, readFile, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { TidingsError } from "@tidings/protocol";
import { type KeyRecord, MAX_KEYS, readKeyFile, writeKeyFile } from "./key-file.ts";

/** How long another change is waited for, in milliseconds; one takes some. */
const PATIENCE_MS = 10_000;
const PAUSE_MS = 15;

/**
 * Changes a file of keys: reads it, and writes what `change` makes of it, with no other change in between. One that is not
 * there is made, together with its folder.
 *
 * @throws {TidingsError} `CONFIG_INVALID` for a file that is something else, is full, or stays locked for `patienceMs`, by default 10,000
 * @throws what `change` throws; the file is as it was then
 */
export async function changeKeyFile(
  path: string,
  change: (keys: readonly KeyRecord[]) => readonly KeyRecord[],
  patienceMs: number = PATIENCE_MS,
): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const lock = `${path}.lock`;
  await take(lock, patienceMs);
  try {
    const keys = change(readKeyFile(path).keys);
    if (keys.length > MAX_KEYS)
      throw new TidingsError(
        "CONFIG_INVALID",
        `${path} would have more than ${MAX_KEYS} keys; revoke some first.`,
      );
    await writeKeyFile(path, keys);
  } finally {
    await rm(lock, { force: true });
  }
}

/**
 * Makes the lock's file, which only one process can. One that is left by a crash is not broken but told: two that broke it
 * at once would lose a key.
 */
async function take(lock: string, patienceMs: number): Promise<void> {
  const untilMs = performance.now() + patienceMs;
  for (;;) {
    try {
      const handle = await open(lock, "wx", 0o600);
      await handle.writeFile(`${process.pid}\n`);
      await handle.close();
      return;
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw cause;
      if (performance.now() > untilMs) {
        const holder = (await readFile(lock, "utf8").catch(() => "")).trim() || "unknown";
        throw new TidingsError(
          "CONFIG_INVALID",
          `${lock} is held by process ${holder}, and was for ${patienceMs} ms; delete it if that process has ended.`,
          {},
          cause,
        );
      }
    }
    // Not in step with others who wait.
    await delay(PAUSE_MS * (0.5 + Math.random()));
  }
}
