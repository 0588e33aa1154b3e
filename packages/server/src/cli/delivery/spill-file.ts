import { closeSync, ftruncateSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Lines that memory has no room for, first in, first out. Written and read in one go each, without waiting: order is
 * then that of the calls, and it is used only while the server is away or far behind.
 */
export class SpillFile {
  #file: number | undefined;
  #folder: string | undefined;
  #readAt = 0;
  #writeAt = 0;

  get isEmpty(): boolean {
    return this.#readAt === this.#writeAt;
  }

  /** Appends whole lines. Throws when the disk takes no more; nothing was appended then. */
  append(lines: Buffer): void {
    this.#file ??= this.#open();
    let written = 0;
    while (written < lines.length) {
      written += writeSync(this.#file, lines, written, lines.length - written, this.#writeAt + written);
    }
    this.#writeAt += written;
  }

  /** Takes the oldest lines, about `maxBytes` of them and one at least. */
  take(maxBytes: number): Buffer[] {
    if (this.#file === undefined || this.isEmpty) return [];
    for (let size = maxBytes; ; size *= 2) {
      const chunk = Buffer.allocUnsafe(Math.min(size, this.#writeAt - this.#readAt));
      const read = readSync(this.#file, chunk, 0, chunk.length, this.#readAt);
      const end = chunk.lastIndexOf(0x0a, read - 1) + 1;
      if (end === 0) continue; // one line that is longer than the chunk
      this.#readAt += end;
      if (this.isEmpty) this.#empty();
      return splitLines(chunk.subarray(0, end));
    }
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
    this.#folder = undefined;
  }

  #open(): number {
    const folder = mkdtempSync(join(tmpdir(), "tidings-run-"));
    const path = join(folder, "unsent");
    // 0600: what a command prints may be nobody else's business.
    const file = openSync(path, "w+", 0o600);
    try {
      // Without a name it is gone with the process, however that ends. Windows does not allow it.
      rmSync(folder, { recursive: true });
    } catch {
      this.#folder = folder;
    }
    return file;
  }

  #empty(): void {
    this.#readAt = 0;
    this.#writeAt = 0;
    if (this.#file !== undefined) ftruncateSync(this.#file, 0);
  }
}

/** Parts a chunk of whole lines; each keeps its line end. */
function splitLines(chunk: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let start = 0; start < chunk.length;) {
    const end = chunk.indexOf(0x0a, start) + 1;
    lines.push(chunk.subarray(start, end));
    start = end;
  }
  return lines;
}
