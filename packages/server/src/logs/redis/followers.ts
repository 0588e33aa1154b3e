import type { LogPage, TailEvent, TailListener } from "@tidings/core";
import type { Message, Offset } from "@tidings/protocol";
import type { Seen } from "./channel-calls.ts";
import type { Note } from "./note.ts";

/** A channel that is further behind is told as cut: its readers go back to the log, and read at their own pace. */
const MAX_FETCHED = 5_000;

/** Where a channel stands. */
export type Look = Pick<Seen, "epoch" | "head" | "earliest" | "oldestMs">;

export interface FollowerSource {
  /** Messages after an offset; a bounded page of them. */
  readonly read: (channel: string, after: Offset) => Promise<LogPage>;
  /** The channel as it is. */
  readonly look: (channel: string) => Promise<Look>;
}

/** What the listeners were told of a followed channel. */
interface Followed {
  epoch: string;
  head: Offset;
  earliest: Offset;
  /** As `Seen.oldestMs`. */
  oldestMs: number;
  /** The newest offset that something was heard of. */
  heard: number;
  /** Nobody was told anything before. */
  isStarting: boolean;
  /** While what is missing is being read. */
  fetching: Promise<void> | undefined;
}

/**
 * Brings what is appended anywhere to the listeners, in order and once. Notifications only say that there is something,
 * and bring it along where it is small; the log is the truth: where offsets are missing, it is read.
 */
export class Followers {
  readonly #source: FollowerSource;
  readonly #listeners = new Set<TailListener>();
  readonly #followed = new Map<string, Followed>();

  constructor(source: FollowerSource) {
    this.#source = source;
  }

  /** Each followed channel as it was last told, but for those that are being read. */
  get told(): readonly (readonly [channel: string, told: Look])[] {
    return [...this.#followed].filter(
      ([, { isStarting, fetching }]) => !isStarting && fetching === undefined,
    );
  }

  listen(listener: TailListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  has(channel: string): boolean {
    return this.#followed.has(channel);
  }

  /** From now on what is heard of the channel counts, once {@link Followers.begin} says from where on. */
  expect(channel: string): void {
    if (this.#followed.has(channel)) return;
    const none = 0 as Offset;
    this.#followed.set(channel, {
      epoch: "",
      head: none,
      earliest: none,
      oldestMs: 0,
      heard: 0,
      isStarting: true,
      fetching: undefined,
    });
  }

  begin(channel: string, { epoch, head, earliest, oldestMs }: Look): void {
    const followed = this.#followed.get(channel);
    if (followed?.isStarting !== true) return;
    followed.isStarting = false;
    followed.epoch = epoch;
    followed.head = head;
    followed.earliest = earliest;
    followed.oldestMs = oldestMs;
    if (followed.heard > head) void this.#fetch(channel, followed);
  }

  drop(channel: string): void {
    this.#followed.delete(channel);
  }

  clear(): void {
    this.#listeners.clear();
    this.#followed.clear();
  }

  /** The channels of which something may have gone by its age. */
  agedAt(nowMs: number, maxAgeMsOf: (channel: string) => number): readonly string[] {
    return this.told
      .filter(([channel, { oldestMs }]) => nowMs - oldestMs > maxAgeMsOf(channel))
      .map(([channel]) => channel);
  }

  /** What came over a channel's topic. */
  hear(channel: string, note: Note): void {
    const followed = this.#followed.get(channel);
    if (followed === undefined) return;
    if (note.type === "kept") {
      this.#take(channel, followed, note);
      return;
    }
    // For those who are live now, and nobody else.
    if (!followed.isStarting) this.#emit(channel, followed, note.messages);
  }

  /** What this node has appended itself; resolves once all of it was told. */
  async appended(channel: string, seen: Seen, messages: readonly Message[]): Promise<void> {
    const followed = this.#followed.get(channel);
    if (followed === undefined || followed.isStarting) {
      if (followed !== undefined) followed.heard = Math.max(followed.heard, seen.head);
      return;
    }
    const [first] = messages;
    // Another node's came before, and its notification is most likely here already: on another connection.
    if (first !== undefined && first.offset > followed.head + 1)
      await new Promise((resolve) => setImmediate(resolve));
    this.#take(channel, followed, { ...seen, messages });
    await this.#fetched(followed);
  }

  /** Looks at a channel that may be other than it was told: reads what is missing, tells what went. */
  async refresh(channel: string): Promise<void> {
    const followed = this.#followed.get(channel);
    if (followed === undefined || followed.isStarting || followed.fetching !== undefined) return;
    this.#compare(channel, followed, await this.#source.look(channel));
    await this.#fetched(followed);
  }

  #compare(channel: string, followed: Followed, { epoch, head, earliest, oldestMs }: Look): void {
    if (this.#followed.get(channel) !== followed) return;
    followed.oldestMs = oldestMs;
    if (epoch !== followed.epoch) {
      Object.assign(followed, { epoch, head, earliest, heard: head });
      this.#emit(channel, followed, []);
      return;
    }
    followed.heard = Math.max(followed.heard, head);
    if (followed.heard > followed.head) void this.#fetch(channel, followed);
    else if (earliest > followed.earliest) {
      followed.earliest = earliest;
      this.#emit(channel, followed, []);
    }
  }

  #take(
    channel: string,
    followed: Followed,
    note: Pick<Seen, "epoch" | "head" | "earliest"> & { readonly messages: readonly Message[] | undefined },
  ): void {
    const { epoch, head, earliest, messages } = note;
    if (followed.isStarting || (epoch === followed.epoch && followed.fetching !== undefined)) {
      followed.heard = Math.max(followed.heard, head);
      return;
    }
    if (epoch !== followed.epoch) {
      // Late news of the life before, or the first of another: the log knows.
      void this.refresh(channel).catch(() => undefined);
      return;
    }
    const fresh = messages?.filter(({ offset }) => offset > followed.head);
    const isNext = fresh !== undefined && (fresh[0]?.offset ?? head + 1) === followed.head + 1;
    if (head > followed.head && !isNext) {
      followed.heard = Math.max(followed.heard, head);
      void this.#fetch(channel, followed);
      return;
    }
    if (head <= followed.head && earliest <= followed.earliest) return;
    followed.head = Math.max(followed.head, head) as Offset;
    followed.earliest = Math.max(followed.earliest, earliest) as Offset;
    this.#emit(channel, followed, fresh ?? []);
  }

  /** Reads what was heard of and not told, one at a time for a channel. Never rejects: the next look tries again. */
  #fetch(channel: string, followed: Followed): Promise<void> {
    followed.fetching ??= this.#read(channel, followed)
      .catch(() => undefined)
      .finally(() => (followed.fetching = undefined));
    return followed.fetching;
  }

  async #fetched(followed: Followed): Promise<void> {
    while (followed.fetching !== undefined) await followed.fetching;
  }

  async #read(channel: string, followed: Followed): Promise<void> {
    while (followed.heard > followed.head) {
      const page = await this.#source.read(channel, followed.head);
      if (this.#followed.get(channel) !== followed) return;
      const { epoch, head, earliest, messages, resumable = 0 } = page;
      if (epoch !== followed.epoch) {
        Object.assign(followed, { epoch, head, earliest, heard: head });
        this.#emit(channel, followed, []);
        return;
      }
      const isWhole = earliest <= followed.head + 1 && resumable <= followed.head;
      const isCut = !isWhole || head - followed.head > MAX_FETCHED;
      const end = messages.at(-1)?.offset ?? head;
      followed.head = (isCut ? head : end) as Offset;
      followed.heard = Math.max(followed.heard, head);
      followed.earliest = Math.max(followed.earliest, earliest) as Offset;
      this.#emit(channel, followed, isCut ? [] : messages, isCut);
      // There is no more, whatever was heard.
      if (messages.length === 0) followed.heard = followed.head;
    }
  }

  #emit(channel: string, followed: Followed, messages: readonly Message[], isCut: boolean = false): void {
    const [first] = messages;
    if (first !== undefined && first.offset > 0 && first.timeMs < followed.oldestMs)
      followed.oldestMs = first.timeMs;
    const { epoch, earliest } = followed;
    const event: TailEvent = isCut
      ? { channel, epoch, earliest, messages, isCut }
      : { channel, epoch, earliest, messages };
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        // A fault of the program's own, to be seen as one; it must not keep publishers from their answers.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
