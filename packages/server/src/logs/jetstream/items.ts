import { type Held, KeyedRing, PlainRing } from "@tidings/core";

/** A message that is held, and where: its record is in the body of an entry. */
export interface Item extends Held {
  /** As `messageBytes` counts them. */
  readonly bytes: number;
  readonly place: Place;
  /** Where its record begins in the body, and how long it is. */
  readonly at: number;
  readonly size: number;
}

/** Where the body of an entry is. */
export interface Place {
  /** Of the entry, in the stream. */
  readonly seq: number;
  /** Of the entry: what else may be there is not it. */
  readonly tag: string;
  /** Of the parts that the body is in, each of `partBytes` but for the last; none where it is in the entry itself. */
  readonly parts: readonly number[];
  readonly partBytes: number;
  /** Bytes of the body before the records. */
  readonly skip: number;
}

/** A channel without holes. */
export class PlainItems extends PlainRing<Item> {
  protected override bytesOf({ bytes }: Item): number {
    return bytes;
  }

  protected override own(): void {}

  protected override emptied(): void {}
}

/** A channel that is or was compact. */
export class KeyedItems extends KeyedRing<Item> {
  protected override bytesOf({ bytes }: Item): number {
    return bytes;
  }

  protected override own(item: Item): Item {
    return item;
  }
}
