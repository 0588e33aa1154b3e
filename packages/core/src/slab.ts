/** A chunk is at most so large, in bytes. */
const MAX_CHUNK_BYTES = 4_096;
/** Where more than so many times their bytes are kept beside them, messages are copied. */
const MAX_SLACK = 4;
/** So many are, before it is looked at again whether they lie together; twice as many each time that they do not. */
const MIN_COPIES = 64;
const MAX_COPIES = 4_096;
const NOTHING = new Uint8Array(0);

/**
 * Keeps the bytes of a channel's messages without their surroundings. A message may be held for days, while what it was read in with
 * (a slab of Node's pool) holds others that are long gone: 2 bytes would keep 64 KiB. To copy each takes as long as all
 * else that appending does; but on a busy channel neighbours share their slab, and nothing is gained. So they are
 * copied once those before lay apart: what is kept in vain is a few times what is held.
 */
export class Slab {
  /** What the newest messages were read in with, and how many bytes of it are this channel's. */
  #source: ArrayBufferLike | undefined;
  #shared = 0;
  #copies = MIN_COPIES;
  #copiesLeft = 0;
  #chunk: Uint8Array = NOTHING;
  #used = 0;

  /** The same bytes, where they are or copied. */
  keep(bytes: Uint8Array): Uint8Array {
    const { buffer, length } = bytes;
    if (this.#copiesLeft === 0 && buffer !== this.#source) this.#leave(buffer);
    if (this.#copiesLeft > 0) {
      this.#copiesLeft--;
      return length === buffer.byteLength ? bytes : this.#copy(bytes);
    }
    this.#shared += length;
    return bytes;
  }

  /** Looks back at what the messages until now were read in with. */
  #leave(next: ArrayBufferLike): void {
    const isSparse = this.#source !== undefined && this.#shared * MAX_SLACK < this.#source.byteLength;
    if (isSparse) {
      this.#copiesLeft = this.#copies;
      this.#copies = Math.min(this.#copies * 2, MAX_COPIES);
    } else if (this.#source !== undefined) this.#copies = MIN_COPIES;
    // Not held where it is copied from: nobody else might hold it.
    this.#source = isSparse ? undefined : next;
    this.#shared = 0;
  }

  #copy(bytes: Uint8Array): Uint8Array {
    const { length } = bytes;
    if (length * 2 > MAX_CHUNK_BYTES) return new Uint8Array(bytes);
    if (this.#used + length > this.#chunk.length) {
      // Twice the last one: a channel that gets little takes little.
      this.#chunk = new Uint8Array(Math.max(length, Math.min(this.#chunk.length * 2, MAX_CHUNK_BYTES)));
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += length;
    this.#chunk.set(bytes, start);
    return this.#chunk.subarray(start, this.#used);
  }
}
