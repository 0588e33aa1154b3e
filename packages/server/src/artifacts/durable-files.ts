import { type FileHandle, open, rename } from "node:fs/promises";
import { join } from "node:path";

/** Files that survive a crash whole or not at all. */
export class DurableFiles {
  readonly #isDurable: boolean;
  /** By folder: the sync that has not begun yet, which all who ask meanwhile share. */
  readonly #waiting = new Map<string, Promise<void>>();
  readonly #running = new Map<string, Promise<void>>();
  #written = 0;

  /** `isDurable` false: what is written is gone with the process anyway, and nothing waits for the disk. */
  constructor(isDurable: boolean) {
    this.#isDurable = isDurable;
  }

  /** Writes a file under a temporary name and renames it, so that nobody ever sees half of it. */
  async write(folder: string, name: string, text: string): Promise<void> {
    const temporary = join(folder, `${name}.${++this.#written}.tmp`);
    const file = await open(temporary, "w", 0o600);
    try {
      await file.writeFile(text);
      await this.sync(file);
    } finally {
      await file.close();
    }
    await rename(temporary, join(folder, name));
    await this.syncFolder(folder);
  }

  async sync(file: FileHandle): Promise<void> {
    if (this.#isDurable) await file.datasync();
  }

  /** Makes the names in a folder durable; those who ask while one sync runs share the next. */
  async syncFolder(folder: string): Promise<void> {
    if (!this.#isDurable) return;
    let next = this.#waiting.get(folder);
    if (next === undefined) {
      next = this.#syncAfter(folder, this.#running.get(folder));
      this.#waiting.set(folder, next);
    }
    return next;
  }

  async #syncAfter(folder: string, running: Promise<void> | undefined): Promise<void> {
    await running?.catch(() => undefined);
    const sync = syncPath(folder);
    this.#running.set(folder, sync);
    this.#waiting.delete(folder);
    try {
      await sync;
    } finally {
      if (this.#running.get(folder) === sync) this.#running.delete(folder);
    }
  }
}

async function syncPath(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
