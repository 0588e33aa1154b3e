/** What is loaded of a large file: so much at a time, and of a text no more than this in the page. */
export const FILE_WINDOW_LIMITS = {
  /** Bytes of one request. */
  chunkBytes: 65_536,
  /** Chunks of text that are held; the oldest go first. */
  maxChunks: 32,
} as const;

export interface FileChunk {
  /** First byte. */
  readonly from: number;
  readonly text: string;
}

export interface Fetched {
  readonly bytes: Uint8Array;
  /** Size of the whole file, in bytes. */
  readonly size: number;
}

/** A large text file, chunk by chunk. Characters that a chunk cuts belong to the one in which they end. */
export class FileWindow {
  readonly #fetchRange: (from: number, to: number) => Promise<Fetched>;
  readonly #chunks: FileChunk[] = [];
  #decoder = new TextDecoder();
  #next = 0;
  #size: number | undefined;

  /** `fetchRange` gets bytes `from` to `to`, both with. */
  constructor(fetchRange: (from: number, to: number) => Promise<Fetched>) {
    this.#fetchRange = fetchRange;
  }

  get chunks(): readonly FileChunk[] {
    return this.#chunks;
  }

  get size(): number | undefined {
    return this.#size;
  }

  /** Bytes up to which it is loaded. */
  get loadedTo(): number {
    return this.#next;
  }

  get isComplete(): boolean {
    return this.#size !== undefined && this.#next >= this.#size;
  }

  /** Begins anew at a byte, or the character that it is in the middle of. */
  seek(from: number): void {
    this.#chunks.length = 0;
    this.#decoder = new TextDecoder();
    this.#next = Math.max(0, Math.floor(from));
  }

  async more(): Promise<void> {
    if (this.isComplete) return;
    const from = this.#next;
    const { bytes, size } = await this.#fetchRange(from, from + FILE_WINDOW_LIMITS.chunkBytes - 1);
    if (from !== this.#next) return; // it was asked twice, or somebody went elsewhere meanwhile
    const isFirst = this.#chunks.length === 0;
    const start = isFirst && from > 0 ? bytes.findIndex((byte) => (byte & 0xc0) !== 0x80) : 0;
    this.#size = size;
    this.#next = from + bytes.length;
    const text = this.#decoder.decode(bytes.subarray(Math.max(0, start)), { stream: !this.isComplete });
    this.#chunks.push({ from, text });
    if (this.#chunks.length > FILE_WINDOW_LIMITS.maxChunks) this.#chunks.shift();
  }
}
