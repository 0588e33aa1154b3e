import { createHash } from "node:crypto";
import type { Log, NewPayload, PayloadStore, StoredPayload } from "@tidings/core";
import { type ArtifactReference, type Cursor, type Limits, quote, TidingsError } from "@tidings/protocol";
import type { Logger } from "pino";
import type { Entry } from "./entry.ts";
import type { ArtifactRecord, Reference } from "./record.ts";
import { Room, storeFault } from "./room.ts";
import type { ArtifactStore, StoredBody, UploadBody } from "./store.ts";
import { Sweeper } from "./sweeper.ts";
import { Uploads } from "./uploads.ts";

/** Messages that may name one artifact: each is remembered, so that it is kept until the last of them is gone. */
const MAX_REFERENCES = 1_000;
/** What is written and hashed at a time of a payload that is in memory: the loop turns in between. */
const PART_BYTES = 1_048_576;
const TYPES = {
  json: "application/json",
  text: "text/plain; charset=utf-8",
  bytes: "application/octet-stream",
  none: "application/octet-stream",
} as const;

export interface ArtifactsOptions {
  readonly store: ArtifactStore;
  readonly log: Log;
  readonly limits: Limits;
  readonly logger: Logger;
  readonly nowMs: () => number;
  readonly newId: () => string;
  /** A path that all URLs begin with; empty for none. */
  readonly basePath: string;
  /** Whether a channel keeps the newest message of each key: then an older message may outlive a newer one. */
  readonly isCompact: (channel: string) => boolean;
}

/** Every artifact there is: found by id, kept for as long as it has to be, and bounded together. */
export class Artifacts implements PayloadStore {
  readonly uploads: Uploads;
  readonly #options: ArtifactsOptions;
  readonly #room: Room;
  readonly #entries = new Map<string, Entry>();
  readonly #sweeper: Sweeper;

  /** Loads what the store holds. */
  static async open(options: ArtifactsOptions): Promise<Artifacts> {
    const opened = new Artifacts(options);
    const { artifacts, uploads } = await options.store.load();
    for (const record of artifacts) {
      opened.#room.add(record.size);
      opened.#add(record);
    }
    for (const upload of uploads) {
      opened.#room.add(upload.size);
      opened.uploads.restore(upload);
    }
    return opened;
  }

  private constructor(options: ArtifactsOptions) {
    this.#options = options;
    this.#room = new Room(options.limits);
    this.uploads = new Uploads({
      ...options,
      room: this.#room,
      onFinished: (record) => this.#add(record),
    });
    this.#sweeper = new Sweeper({
      ...options,
      entries: this.#entries,
      remove: async (id) => this.#remove(id),
    });
  }

  /** Bytes of all bodies, unfinished ones too. */
  get bytes(): number {
    return this.#room.bytes;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Whether bytes could be taken now. @throws {TidingsError} `ARTIFACT_TOO_LARGE` for the whole `size`, `STORE_FULL` */
  checkRoom(bytes: number, size: number): void {
    this.#room.check(bytes, size);
  }

  async put(data: Uint8Array, about: NewPayload): Promise<StoredPayload> {
    this.#room.check(data.length);
    return this.putParts(slices(data), about);
  }

  async putParts(
    parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    { channel, kind, type }: NewPayload,
  ): Promise<StoredPayload> {
    const { log, newId, nowMs } = this.#options;
    const { epoch, head } = await log.describe(channel);
    const id = newId();
    this.#room.begin();
    let size = 0;
    try {
      const sha256 = await this.#write(id, parts, (bytes) => {
        this.#room.check(bytes, size + bytes);
        this.#room.take(bytes);
        size += bytes;
      });
      const record: ArtifactRecord = {
        id,
        size,
        type: type ?? TYPES[kind],
        sha256,
        createdMs: nowMs(),
        references: [],
        pending: { channel, epoch, after: head },
      };
      await this.#options.store.finish(record);
      this.#add(record).publishingMs = nowMs();
      return { id, artifact: this.referenceOf(record) };
    } catch (error) {
      this.#room.remove(size);
      await this.#options.store.delete(id).catch((cause: unknown) => this.#warn(id, cause));
      throw storeFault(error);
    }
  }

  async find(id: string): Promise<StoredPayload> {
    const entry = this.#find(id);
    if (entry.record.references.length >= MAX_REFERENCES) {
      throw new TidingsError(
        "STORE_FULL",
        `${MAX_REFERENCES} messages name artifact ${id}, as many as can; upload it again and name the new one.`,
      );
    }
    entry.foundMs = this.#options.nowMs();
    return { id, artifact: this.referenceOf(entry.record) };
  }

  async bind(id: string, channel: string, at: Cursor): Promise<void> {
    const entry = this.#entries.get(id);
    // Somebody deleted it meanwhile.
    if (entry === undefined) return;
    const { record } = entry;
    const { pending } = record;
    record.references = this.#withReference(record.references, { channel, ...at });
    const isIts = pending?.channel === channel && pending.epoch === at.epoch && at.offset > pending.after;
    if (isIts) {
      entry.publishingMs = undefined;
      record.pending = undefined;
      // Nothing to write: after a crash the message is found again by what was noted before it was appended.
      return;
    }
    await this.#save(entry);
  }

  async discard(id: string): Promise<void> {
    const entry = this.#entries.get(id);
    if (entry?.record.pending === undefined) return;
    entry.publishingMs = undefined;
    if (entry.record.references.length === 0 && entry.record.expiresAtMs === undefined)
      await this.#remove(id);
  }

  /** @throws {TidingsError} `ARTIFACT_UNKNOWN` */
  get(id: string): ArtifactRecord {
    return this.#find(id).record;
  }

  has(id: string): boolean {
    return this.#entries.has(id);
  }

  /** The same, of uploads that are not finished too. */
  isHere(id: string): boolean {
    return this.has(id) || this.uploads.get(id) !== undefined;
  }

  /** @throws {TidingsError} `ARTIFACT_UNKNOWN`, `TOO_MANY_CONNECTIONS` */
  async open(id: string): Promise<StoredBody> {
    this.#find(id);
    try {
      return await this.#options.store.open(id);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") throw unknown(id);
      throw storeFault(error);
    }
  }

  /** Removes an artifact, whoever names it, or cancels an upload. @throws {TidingsError} `ARTIFACT_UNKNOWN` */
  async delete(id: string): Promise<void> {
    const upload = this.uploads.get(id);
    if (upload !== undefined) await this.uploads.cancel(upload);
    else this.#find(id);
    // An upload that was being finished may be an artifact by now.
    if (this.#entries.has(id)) await this.#remove(id);
  }

  /** How messages name it. */
  referenceOf({ id, size, type, sha256 }: ArtifactRecord): ArtifactReference {
    return { url: this.urlOf(id), size, type, sha256 };
  }

  urlOf(id: string): string {
    return `${this.#options.basePath}/artifacts/${id}`;
  }

  /** Removes what is over its time, and what no message names any more. Called about once a minute. */
  async sweep(): Promise<void> {
    await this.uploads.sweep();
    await this.#sweeper.sweep();
  }

  async close(): Promise<void> {
    await this.uploads.close();
    await this.#sweeper.close();
    await this.#options.store.close();
  }

  #add(record: ArtifactRecord): Entry {
    const entry: Entry = { record, foundMs: 0, publishingMs: undefined, saving: undefined };
    this.#entries.set(record.id, entry);
    return entry;
  }

  #find(id: string): Entry {
    const entry = this.#entries.get(id);
    if (entry === undefined) throw unknown(id);
    return entry;
  }

  async #remove(id: string): Promise<void> {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#entries.delete(id);
    // A record that is written after its removal would come back.
    await Promise.allSettled([entry.saving?.current, entry.saving?.next]);
    await this.#options.store.delete(id);
    this.#room.remove(entry.record.size);
  }

  async #write(
    id: string,
    parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    take: (bytes: number) => void,
  ): Promise<string> {
    const hash = createHash("sha256");
    const body: UploadBody = await this.#options.store.create(id);
    try {
      for await (const part of parts) {
        take(part.length);
        hash.update(part);
        await body.append(part);
      }
      await body.sync();
    } finally {
      await body.close();
    }
    return hash.digest("hex");
  }

  /** The newest of a channel outlives the others there, unless the channel keeps messages by key. */
  #withReference(references: readonly Reference[], added: Reference): readonly Reference[] {
    const { channel, epoch, offset } = added;
    const reference = { channel, epoch, offset };
    if (this.#options.isCompact(channel)) return [...references, reference];
    const isNewer = references.some(
      (each) => each.channel === channel && each.epoch === epoch && each.offset >= offset,
    );
    return isNewer ? references : [...references.filter((each) => each.channel !== channel), reference];
  }

  /** Writes the record; those who ask while one write is under way share the next, which has what they added. */
  async #save(entry: Entry): Promise<void> {
    const write = async (): Promise<void> => {
      if (this.#entries.get(entry.record.id) !== entry) return;
      await this.#options.store.update(entry.record);
    };
    if (entry.saving === undefined) {
      entry.saving = { current: write(), next: undefined };
    } else {
      const { current } = entry.saving;
      entry.saving.next ??= current.catch(() => undefined).then(write);
    }
    const { saving } = entry;
    const mine = saving.next ?? saving.current;
    try {
      await mine;
    } catch (error) {
      throw storeFault(error);
    } finally {
      if (entry.saving === saving && (saving.next === undefined || saving.next === mine))
        entry.saving = undefined;
    }
  }

  #warn(id: string, error: unknown): void {
    this.#options.logger.warn(
      { err: error, id },
      "an artifact could not be removed; the next start will do it",
    );
  }
}

function* slices(data: Uint8Array): Generator<Uint8Array, void, void> {
  for (let at = 0; at < data.length; at += PART_BYTES) yield data.subarray(at, at + PART_BYTES);
}

export function unknown(id: string): TidingsError {
  return new TidingsError(
    "ARTIFACT_UNKNOWN",
    `there is no artifact ${quote(id)}: it has expired with the messages that named it, was deleted, or its upload is not finished.`,
  );
}
