/** The artifacts of one process, for others of the same server: what publishes there stores payloads, and names them, here. */
import type { NewPayload, PayloadStore, StoredPayload } from "@tidings/core";
import type { Cursor } from "@tidings/protocol";
import type { Peer } from "../peer/index.ts";

/** What crosses at a time of a payload that is in memory. */
const PART_BYTES = 1_048_576;

/** Lets another process use these artifacts. */
export function sharePayloads(payloads: PayloadStore, peer: Peer): void {
  const open = new Map<number, Incoming>();
  peer.handle("payload-begin", ([id, about]) => {
    const incoming = new Incoming();
    open.set(id as number, incoming);
    incoming.stored = payloads.putParts(incoming.parts(), about as NewPayload);
    // Told by the call that comes next.
    incoming.stored.catch(() => undefined);
    return {};
  });
  peer.handle("payload-part", async ([id], [part]) => {
    const incoming = open.get(id as number);
    if (incoming !== undefined && part !== undefined) await incoming.add(part);
    return {};
  });
  peer.handle("payload-end", async ([id, fault]) => {
    const incoming = open.get(id as number);
    open.delete(id as number);
    incoming?.end(fault === null ? undefined : new Error(fault as string));
    return { value: await incoming?.stored };
  });
  peer.handle("payload-find", async ([id]) => ({ value: await payloads.find(id as string) }));
  peer.handle("payload-bind", async ([id, channel, at]) => {
    await payloads.bind(id as string, channel as string, at as Cursor);
    return {};
  });
  peer.handle("payload-discard", async ([id]) => {
    await payloads.discard(id as string);
    return {};
  });
  void peer.ended.then(() => {
    for (const incoming of open.values()) incoming.end(new Error("the process that stored it is gone"));
    open.clear();
  });
}

/** A payload that comes in parts: the next is asked for once the one before is written. */
class Incoming {
  stored: Promise<StoredPayload> | undefined;
  #part: Uint8Array | undefined;
  #isOver = false;
  #fault: Error | undefined;
  #wake: () => void = () => undefined;
  #taken: () => void = () => undefined;

  /** Resolves once it is written; throws what kept it from being so. */
  async add(part: Uint8Array): Promise<void> {
    const taken = new Promise<void>((resolve) => (this.#taken = resolve));
    this.#part = part;
    this.#wake();
    await Promise.race([taken, this.stored]);
  }

  end(fault: Error | undefined): void {
    this.#isOver = true;
    this.#fault = fault;
    this.#wake();
  }

  async *parts(): AsyncGenerator<Uint8Array, void, void> {
    for (;;) {
      if (this.#part === undefined && !this.#isOver)
        await new Promise<void>((resolve) => (this.#wake = resolve));
      const part = this.#part;
      if (part === undefined) break;
      this.#part = undefined;
      yield part;
      this.#taken();
    }
    if (this.#fault !== undefined) throw this.#fault;
  }
}

/** The artifacts of another process, which {@link sharePayloads} shares. */
export class SharedPayloads implements PayloadStore {
  readonly #peer: Peer;
  #ids = 0;

  constructor(peer: Peer) {
    this.#peer = peer;
  }

  put(data: Uint8Array, about: NewPayload): Promise<StoredPayload> {
    return this.putParts(slices(data), about);
  }

  async putParts(
    parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    about: NewPayload,
  ): Promise<StoredPayload> {
    const id = ++this.#ids;
    await this.#peer.call("payload-begin", [id, about]);
    try {
      for await (const part of parts) await this.#peer.call("payload-part", [id], [part]);
    } catch (error) {
      await this.#peer.call("payload-end", [id, "the payload did not come whole"]).catch(() => undefined);
      throw error;
    }
    return (await this.#peer.call("payload-end", [id, null])).head as StoredPayload;
  }

  async find(id: string): Promise<StoredPayload> {
    return (await this.#peer.call("payload-find", [id])).head as StoredPayload;
  }

  async bind(id: string, channel: string, at: Cursor): Promise<void> {
    await this.#peer.call("payload-bind", [id, channel, at]);
  }

  async discard(id: string): Promise<void> {
    await this.#peer.call("payload-discard", [id]);
  }
}

function* slices(data: Uint8Array): Generator<Uint8Array, void, void> {
  for (let at = 0; at < data.length; at += PART_BYTES) yield data.subarray(at, at + PART_BYTES);
}
