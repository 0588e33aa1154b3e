import { mkdir, open, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { pid } from "node:process";
import { TidingsError } from "../errors.ts";
import type { CursorStore } from "../types.ts";

/**
 * Keeps cursors in a JSON file, which is made, with its folder, where it is missing. A crash at any moment leaves the file as it was
 * before or after a write. For one process at a time.
 *
 * @throws {TidingsError} (each call rejects with) `STORE_FAILED` where the file cannot be read or written
 */
export function fileCursors(path: string): Required<CursorStore> {
  let loading: Promise<Map<string, string>> | undefined;
  /** The write that has not begun yet, which takes along all that is set until it does. */
  let next: Promise<void> | undefined;
  let running: Promise<void> = Promise.resolve();

  async function load(): Promise<Map<string, string>> {
    const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return "{}";
      throw fault("cannot be read", error);
    });
    try {
      const found: unknown = JSON.parse(text);
      const entries = Object.entries(found as Record<string, unknown>);
      if (
        Object.getPrototypeOf(found) !== Object.prototype ||
        entries.some(([, value]) => typeof value !== "string")
      ) {
        throw new TypeError("it is not an object of strings");
      }
      return new Map(entries as [string, string][]);
    } catch (cause) {
      throw fault("is broken: delete it, and reading begins where its options say", cause);
    }
  }

  async function write(cursors: ReadonlyMap<string, string>): Promise<void> {
    const temporary = `${path}.${pid}.tmp`;
    try {
      await mkdir(dirname(path), { recursive: true });
      const file = await open(temporary, "w", 0o600);
      try {
        await file.writeFile(JSON.stringify(Object.fromEntries(cursors)));
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, path);
    } catch (cause) {
      throw fault("cannot be written", cause);
    }
  }

  function fault(what: string, cause: unknown): TidingsError {
    return new TidingsError("STORE_FAILED", `the file of cursors ${path} ${what}.`, {
      retryable: true,
      cause,
    });
  }

  async function cursors(): Promise<Map<string, string>> {
    loading ??= load();
    try {
      return await loading;
    } catch (error) {
      loading = undefined;
      throw error;
    }
  }

  return {
    getItem: async (key) => (await cursors()).get(key),
    async setItem(key, value) {
      const all = await cursors();
      all.set(key, value);
      next ??= running.then(() => {
        next = undefined;
        const written = write(all);
        running = written.catch(() => undefined);
        return written;
      });
      await next;
    },
  };
}
