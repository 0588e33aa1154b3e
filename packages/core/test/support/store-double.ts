import { type Cursor, TidingsError } from "@tidings/protocol";
import type { NewPayload, PayloadStore, StoredPayload } from "../../src/index.ts";
import { text } from "./fixtures.ts";

/** A store that keeps payloads in memory, and whose storing can be held back or made to fail. */
export class StoreDouble implements PayloadStore {
  readonly kept = new Map<string, { readonly data: Uint8Array; readonly about: NewPayload }>();
  readonly bound: { readonly id: string; readonly channel: string; readonly at: Cursor }[] = [];
  readonly discarded: string[] = [];
  bindFails = false;
  /** The most payloads that were being stored at a time. */
  mostAtOnce = 0;
  #storing = 0;
  #puts = 0;
  readonly #held = new Map<string, PromiseWithResolvers<void>>();

  /** The payload that begins with this text is stored only once the answer is called; with an error, it is not. */
  hold(start: string): (error?: Error) => void {
    const held = Promise.withResolvers<void>();
    this.#held.set(start, held);
    return (error) => (error === undefined ? held.resolve() : held.reject(error));
  }

  async put(data: Uint8Array, about: NewPayload): Promise<StoredPayload> {
    const id = `p${++this.#puts}`;
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.#storing);
    try {
      await this.#held.get(text(data).slice(0, 1))?.promise;
    } finally {
      this.#storing--;
    }
    this.kept.set(id, { data, about });
    return this.#stored(id, data.length, about.type ?? `kind/${about.kind}`);
  }

  async putParts(): Promise<StoredPayload> {
    throw new Error("nothing comes in parts here");
  }

  async find(id: string): Promise<StoredPayload> {
    if (!id.startsWith("up")) throw new TidingsError("ARTIFACT_UNKNOWN", `there is no artifact ${id}.`);
    return this.#stored(id, 5_000, "image/png");
  }

  async bind(id: string, channel: string, at: Cursor): Promise<void> {
    if (this.bindFails) throw new Error("the disk is gone");
    this.bound.push({ id, channel, at });
  }

  async discard(id: string): Promise<void> {
    this.discarded.push(id);
    this.kept.delete(id);
  }

  #stored(id: string, size: number, type: string): StoredPayload {
    return { id, artifact: { url: `/artifacts/${id}`, size, type, sha256: "ab".repeat(32) } };
  }
}
