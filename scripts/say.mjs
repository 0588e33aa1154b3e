// What every script here needs: a progress line, and one way to start and to fail.
import { realpathSync } from "node:fs";
import { pathToFileURL } from "node:url";

/**
 * Prints one progress line, on stderr: stdout belongs to the program that is run in the end.
 * @param {string} text
 */
export function say(text) {
  process.stderr.write(`tidings: ${text}\n`);
}

/**
 * Runs `body` when the script at `url` is the one that was started, and not when it is imported.
 * A failure is one clear line and exit code 1, not a stack trace.
 * @param {string} url the script's `import.meta.url`
 * @param {() => Promise<number | undefined>} body resolves with the exit code (default 0)
 */
export async function runAsScript(url, body) {
  const started = process.argv[1];
  if (started === undefined || pathToFileURL(realpathSync(started)).href !== url) return;
  try {
    process.exitCode = (await body()) ?? 0;
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}
