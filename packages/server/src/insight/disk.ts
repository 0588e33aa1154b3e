import { stat, statfs } from "node:fs/promises";
import { join } from "node:path";

/** How old what is known may be, in milliseconds. */
const FRESH_MS = 10_000;

export interface DiskUse {
  /** Size of the log's file, in bytes. Room in it that was freed is used again, and is not given back. */
  readonly fileBytes: number;
  /** What the disk has left for whoever runs the server, in bytes. */
  readonly freeBytes: number;
}

/** How large a durable log's file is, and how much room its disk has: looked at now and then, never waited for. */
export class Disk {
  readonly #folder: string;
  #use: DiskUse | null = null;
  #lookedAtMs = Number.NEGATIVE_INFINITY;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** As it was some seconds ago; `null` where that is not known. */
  use(): DiskUse | null {
    const nowMs = performance.now();
    if (nowMs - this.#lookedAtMs >= FRESH_MS) {
      this.#lookedAtMs = nowMs;
      void this.#look();
    }
    return this.#use;
  }

  async #look(): Promise<void> {
    try {
      const [file, disk] = await Promise.all([stat(join(this.#folder, "data.mdb")), statfs(this.#folder)]);
      this.#use = { fileBytes: file.size, freeBytes: disk.bavail * disk.bsize };
    } catch {
      this.#use = null;
    }
  }
}
