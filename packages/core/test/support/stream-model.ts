import { type Cursor, formatCursor, toOffset } from "@tidings/protocol";
import type { Gap } from "../../src/index.ts";

export interface Published {
  readonly value: number;
  readonly event: string;
}

/** One channel as the model knows it: what was ever published, by life of the log and offset. Values only ever grow. */
export class ChannelModel {
  /** In the order of the log's lives. */
  readonly lives = new Map<string, Published[]>();
  readonly ephemeral = new Map<number, string>();
  /** What gaps claim to be no longer held; for the test to check. */
  claims: { readonly told: string; readonly to: Cursor }[] = [];

  head(epoch: string): number {
    return this.lives.get(epoch)?.length ?? 0;
  }

  /** Where a life stands among the others; -1 for one that never was. */
  lifeOf(epoch: string): number {
    return [...this.lives.keys()].indexOf(epoch);
  }

  get epoch(): string {
    return [...this.lives.keys()].at(-1) as string;
  }
}

/** What one reader of one channel was handed, checked as it comes: all there was, in order, once, or a gap told. */
export class StreamModel {
  readonly #channel: ChannelModel;
  readonly #events: ReadonlySet<string> | undefined;
  #position: Cursor | undefined;
  #newestValue = -1;
  #hasMessages = false;

  constructor(channel: ChannelModel, events?: readonly string[]) {
    this.#channel = channel;
    this.#events = events === undefined || events.length === 0 ? undefined : new Set(events);
  }

  get position(): Cursor | undefined {
    return this.#position;
  }

  open(cursor: Cursor): void {
    if (this.#position !== undefined) throw new Error("opened twice");
    this.#position = cursor;
  }

  /** A kept message. */
  message({ epoch, offset }: Cursor, value: number): void {
    if (offset <= this.#at().offset && epoch === this.#at().epoch)
      throw new Error(`repeated ${epoch}.${offset}`);
    this.advance({ epoch, offset: toOffset(offset - 1) });
    const published = this.#channel.lives.get(epoch)?.[offset - 1];
    if (published?.value !== value)
      throw new Error(`${epoch}.${offset} is ${published?.value}, not ${value}`);
    if (!this.#matches(published.event)) throw new Error(`${epoch}.${offset} does not pass the filter`);
    this.#position = { epoch, offset };
    this.#hasMessages = true;
    this.#inOrder(value);
  }

  ephemeral(value: number): void {
    const event = this.#channel.ephemeral.get(value);
    if (event === undefined || !this.#matches(event))
      throw new Error(`${value} is no ephemeral message of this reader`);
    this.#at();
    this.#inOrder(value);
  }

  /** A poll may tell two gaps, with messages between them that a filter left out, as one: `isJoined`. */
  gap({ reason, from, to, missed }: Gap, isJoined = false): void {
    this.advance(from);
    const told = `gap ${reason} ${formatCursor(from)} to ${formatCursor(to)}`;
    const lives = this.#channel;
    switch (reason) {
      case "expired":
        if (to.epoch !== from.epoch || to.offset <= from.offset) throw new Error(`${told} is none`);
        if (!isJoined && missed !== to.offset - from.offset)
          throw new Error(`${told} missed ${to.offset - from.offset}, not ${missed}`);
        break;
      case "epoch":
        if (lives.lifeOf(to.epoch) <= lives.lifeOf(from.epoch)) throw new Error(`${told} goes back`);
        break;
      case "ahead":
        if (this.#hasMessages || to.epoch !== from.epoch || (!isJoined && to.offset >= from.offset))
          throw new Error(`${told} is none`);
        break;
    }
    if (reason !== "ahead") lives.claims.push({ told, to });
    if (to.offset > lives.head(to.epoch)) throw new Error(`${told} is ahead of the head`);
    this.#position = to;
  }

  /** What a cursor claims: everything up to it was handed over, and nothing beyond. */
  advance(to: Cursor): void {
    const { epoch, offset } = this.#at();
    if (to.epoch !== epoch) throw new Error(`untold change from ${epoch} to ${to.epoch}`);
    if (to.offset < offset) throw new Error(`cursor ${formatCursor(to)} is behind ${epoch}.${offset}`);
    const life = this.#channel.lives.get(epoch) ?? [];
    for (let at = offset; at < to.offset; at++) {
      const skipped = life[at];
      if (skipped === undefined || this.#matches(skipped.event))
        throw new Error(`lost ${epoch}.${at + 1} before ${to.offset}`);
    }
    this.#position = to;
  }

  #at(): Cursor {
    if (this.#position === undefined) throw new Error("not opened");
    return this.#position;
  }

  #matches(event: string): boolean {
    return this.#events === undefined || this.#events.has(event);
  }

  #inOrder(value: number): void {
    if (value <= this.#newestValue) throw new Error(`${value} after ${this.#newestValue}`);
    this.#newestValue = value;
  }
}
