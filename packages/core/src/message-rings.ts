import { type Message, messageBytes } from "@tidings/protocol";
import { KeyedRing } from "./keyed-ring.ts";
import { PlainRing } from "./plain-ring.ts";
import { Slab } from "./slab.ts";

/** A channel without holes, its messages as they were published. */
export class PlainMessages extends PlainRing<Message> {
  readonly #firsts: Slab;
  /** There from the second append on: most channels get little. */
  #slab: Slab | undefined;

  /** @param firsts keeps what channels begin with, for all of a log */
  constructor(firsts: Slab) {
    super();
    this.#firsts = firsts;
  }

  protected override bytesOf(message: Message): number {
    return messageBytes(message);
  }

  protected override own(message: Message, isFirst: boolean): void {
    const slab = isFirst ? this.#firsts : (this.#slab ??= new Slab());
    // In place: the log made the message itself, and another object takes longer than the copy.
    const own = message as { data: Uint8Array; artifact?: Uint8Array };
    own.data = slab.keep(message.data);
    if (message.artifact !== undefined) own.artifact = slab.keep(message.artifact);
  }

  protected override emptied(): void {
    this.#slab = undefined;
  }
}

/** A channel that is or was compact, its messages as they were published. */
export class KeyedMessages extends KeyedRing<Message> {
  protected override bytesOf(message: Message): number {
    return messageBytes(message);
  }

  protected override own(message: Message): Message {
    return owned(message);
  }
}

/**
 * The message with bytes of its own. A value may be held for months, while what it was read in with (a slab of Node's
 * pool, the body of a batch) holds others that are long gone: 100 bytes would keep 8 KiB, or a megabyte.
 */
function owned(message: Message): Message {
  const { data, artifact } = message;
  if (isAlone(data) && (artifact === undefined || isAlone(artifact))) return message;
  const copy = { ...message, data: new Uint8Array(data) };
  return artifact === undefined ? copy : { ...copy, artifact: new Uint8Array(artifact) };
}

function isAlone(bytes: Uint8Array): boolean {
  return bytes.length === bytes.buffer.byteLength;
}
