import type { Message, Offset } from "@tidings/protocol";
import { decodeRecord } from "../record.ts";
import type { Engine } from "./engine.ts";
import { ENTRY_HEADER, PART_HEADER, tagOf } from "./entry.ts";
import type { Item, Place } from "./items.ts";
import type { StoredMessage } from "./stream.ts";
import type { Subjects } from "./subjects.ts";

/** How many entries are asked for at a time. */
const MAX_ASKED = 64;

/** An entry that should be there is not, or another one is: it was let go meanwhile, or lost. */
export class GoneError extends Error {
  override readonly name = "GoneError";
  /** Of the last message that it had. */
  readonly offset: Offset;

  constructor(seq: number, offset: Offset) {
    super(`the stream has not what message ${seq} was`);
    this.offset = offset;
  }
}

/** Where the records are: in the entries, or in parts of their own beside them. */
export class Bodies {
  readonly #engine: Engine;
  readonly #subjects: Subjects;

  constructor(engine: Engine, subjects: Subjects) {
    this.#engine = engine;
    this.#subjects = subjects;
  }

  /**
   * Stores what is too large for one message of the stream, ahead of its entry: without that, nobody ever looks at it. Answers
   * the sequence numbers of the parts; none where it fits.
   */
  async writeParts(
    channel: string,
    tag: string,
    body: Buffer,
    partBytes: number,
  ): Promise<readonly number[]> {
    if (body.length <= partBytes) return [];
    const parts: number[] = [];
    for (let from = 0; from < body.length; from += partBytes) {
      const part = body.subarray(from, from + partBytes);
      const header = [PART_HEADER, partName(tag, parts.length)] as const;
      parts.push(
        await this.#engine.call((stream) => stream.publish(this.#subjects.bulk(channel), part, { header })),
      );
    }
    return parts;
  }

  /**
   * The messages that items stand for.
   *
   * @throws {GoneError}
   */
  async read(items: readonly Item[]): Promise<readonly Message[]> {
    const groups: Item[][] = [];
    for (const item of items) {
      const group = groups.at(-1);
      if (group?.[0]?.place.seq === item.place.seq) group.push(item);
      else groups.push([item]);
    }
    const read: (readonly Message[])[] = [];
    for (let from = 0; from < groups.length; from += MAX_ASKED)
      read.push(
        ...(await Promise.all(groups.slice(from, from + MAX_ASKED).map((group) => this.#readGroup(group)))),
      );
    return read.flat();
  }

  /** The start of a body, which an entry's header had no room for. */
  start(place: Place): Promise<Buffer> {
    return this.#slice(place, 0, place.skip, 0 as Offset);
  }

  /** Items of one entry. */
  async #readGroup(items: readonly Item[]): Promise<readonly Message[]> {
    const [first, last] = [items[0] as Item, items.at(-1) as Item];
    const { place } = first;
    const from = place.skip + first.at;
    const slice = await this.#slice(place, from, place.skip + last.at + last.size, last.offset);
    return items.map((item) => messageOf(item, slice, from));
  }

  async #slice(
    { seq, tag, parts, partBytes }: Place,
    from: number,
    to: number,
    offset: Offset,
  ): Promise<Buffer> {
    if (parts.length === 0) return (await this.#get(seq, tag, offset)).subarray(from, to);
    const first = Math.floor(from / partBytes);
    const end = Math.max(first, Math.ceil(to / partBytes));
    const read = await Promise.all(
      parts.slice(first, end).map((seq, at) => this.#get(seq, partName(tag, first + at), offset)),
    );
    return Buffer.concat(read).subarray(from - first * partBytes, to - first * partBytes);
  }

  /** @param name an entry's tag, or the name of a part */
  async #get(seq: number, name: string, offset: Offset): Promise<Buffer> {
    let found = await this.#engine.call((stream) => stream.get(seq));
    // A server of a cluster may be behind, or have something else there: what the leader has counts.
    if (!isCalled(found, name)) found = await this.#engine.call((stream) => stream.held(seq));
    if (!isCalled(found, name)) throw new GoneError(seq, offset);
    const { buffer, byteOffset, length } = found.data;
    return Buffer.from(buffer, byteOffset, length);
  }
}

function partName(tag: string, at: number): string {
  return `${tag} ${at}`;
}

function isCalled(found: StoredMessage | undefined, name: string): found is StoredMessage {
  return found !== undefined && (tagOf(found.header(ENTRY_HEADER)) ?? found.header(PART_HEADER)) === name;
}

/** @param from where in the body `bytes` begins */
export function messageOf({ place, at, size, offset, timeMs }: Item, bytes: Buffer, from: number): Message {
  const start = place.skip + at - from;
  return decodeRecord(bytes.subarray(start, start + size), offset, timeMs);
}
