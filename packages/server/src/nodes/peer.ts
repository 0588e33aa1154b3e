import { Copy, type OnChange } from "./copy.ts";
import type { About } from "./frames.ts";

/** Another node, as this one hears it. */
export class Peer {
  readonly id: string;
  readonly copy: Copy;
  about: About | undefined;
  /** How many beats of this node itself were heard since the last that was heard of the other. */
  silentBeats = 0;
  /** How often it says that it is there, in milliseconds; 0 while that is not known. */
  everyMs = 0;
  /** When it was asked for what is missing, last. */
  askedAtMs: number = Number.NEGATIVE_INFINITY;
  /** It is not there any more, as far as this node knows. */
  isGone = false;
  /** It said that it goes down. */
  isLeaving = false;

  constructor(id: string, onChange: OnChange) {
    this.id = id;
    this.copy = new Copy(onChange);
  }
}
