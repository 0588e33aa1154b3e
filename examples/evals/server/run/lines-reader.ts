import { type FileHandle, open } from "node:fs/promises";

const LF = 0x0a;

/** Whole lines of a file, in order, and where they end. */
export interface LinesPart {
  readonly text: string;
  /** Bytes of the file up to their end. */
  readonly end: number;
}

/** Reads whole lines of a file that grows. */
export class LinesReader {
  readonly #file: FileHandle;
  #buffer: Buffer;
  #position: number;

  private constructor(file: FileHandle, position: number, partBytes: number) {
    this.#file = file;
    this.#position = position;
    this.#buffer = Buffer.allocUnsafeSlow(partBytes);
  }

  static async open(path: string, position: number, partBytes: number): Promise<LinesReader> {
    return new LinesReader(await open(path, "r"), position, partBytes);
  }

  get position(): number {
    return this.#position;
  }

  /** The next lines up to `size`, about `partBytes` of them; `undefined` where none has ended. */
  async next(size: number): Promise<LinesPart | undefined> {
    for (;;) {
      const wanted = Math.min(this.#buffer.length, size - this.#position);
      if (wanted <= 0) return undefined;
      const { bytesRead } = await this.#file.read(this.#buffer, 0, wanted, this.#position);
      const end = this.#buffer.lastIndexOf(LF, bytesRead - 1) + 1;
      if (bytesRead > 0 && end > 0) {
        // Not the line end: what is split by it has no empty last part then.
        const text = this.#buffer.toString("utf8", 0, end - 1);
        this.#position += end;
        return { text, end: this.#position };
      }
      if (bytesRead < this.#buffer.length) return undefined;
      // One line is longer than a part.
      this.#buffer = Buffer.allocUnsafeSlow(this.#buffer.length * 2);
    }
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}
