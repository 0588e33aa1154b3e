/**
 * What one commit does to the store, as one buffer that is handed to the writer's thread: puts and removes, each
 * `[table u8 | REMOVE][key length u16][value length u32][key][value]`. One buffer, not an object a record, so that
 * it changes threads without being copied.
 */

/** The tables of the store, in the order of their numbers. */
export const TABLES = ["store", "channels", "blocks", "keys", "expiry", "newest", "rest"] as const;
export type Table = (typeof TABLES)[number];

const REMOVE = 0x80;
const HEADER_BYTES = 7;

/** Writes a script. The buffer of one that was carried out can be used for the next. */
export class ScriptWriter {
  #buffer: Buffer;
  #length = 0;

  constructor(memory: ArrayBuffer) {
    this.#buffer = Buffer.from(memory);
  }

  get length(): number {
    return this.#length;
  }

  /** The memory that holds the script's first `length` bytes. */
  get memory(): ArrayBuffer {
    return this.#buffer.buffer as ArrayBuffer;
  }

  put(table: Table, key: Uint8Array, value: Uint8Array): void {
    const at = this.begin(table, key.length, value.length);
    this.#buffer.set(key, at);
    this.#buffer.set(value, at + key.length);
  }

  /** As {@link put}; the caller writes key and value into the buffer at the place that is answered. */
  begin(table: Table, keyBytes: number, valueBytes: number): number {
    return this.#head(TABLES.indexOf(table), keyBytes, valueBytes);
  }

  remove(table: Table, key: Uint8Array): void {
    // In two steps: making room may replace the buffer.
    const at = this.#head(TABLES.indexOf(table) | REMOVE, key.length, 0);
    this.#buffer.set(key, at);
  }

  /** Where {@link begin} said to write. Another call that makes room may replace it. */
  get buffer(): Buffer {
    return this.#buffer;
  }

  #head(tableAndFlag: number, keyBytes: number, valueBytes: number): number {
    const at = this.#length;
    const end = at + HEADER_BYTES + keyBytes + valueBytes;
    if (end > this.#buffer.length) {
      const grown = Buffer.from(new ArrayBuffer(Math.max(end, this.#buffer.length * 2)));
      grown.set(this.#buffer.subarray(0, at));
      this.#buffer = grown;
    }
    this.#buffer[at] = tableAndFlag;
    this.#buffer.writeUInt16LE(keyBytes, at + 1);
    this.#buffer.writeUInt32LE(valueBytes, at + 3);
    this.#length = end;
    return at + HEADER_BYTES;
  }
}

/** Reads a script, an operation after the other; `value` is `undefined` for a remove. */
export function readScript(
  memory: ArrayBuffer,
  length: number,
  visit: (table: Table, key: Buffer, value: Buffer | undefined) => void,
): void {
  const bytes = Buffer.from(memory, 0, length);
  for (let at = 0; at < length;) {
    const tableAndFlag = bytes[at] as number;
    const keyEnd = at + HEADER_BYTES + bytes.readUInt16LE(at + 1);
    const end = keyEnd + bytes.readUInt32LE(at + 3);
    const key = bytes.subarray(at + HEADER_BYTES, keyEnd);
    const isRemove = (tableAndFlag & REMOVE) !== 0;
    visit(TABLES[tableAndFlag & ~REMOVE] as Table, key, isRemove ? undefined : bytes.subarray(keyEnd, end));
    at = end;
  }
}
