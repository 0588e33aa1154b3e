import type { LogPage } from "@tidings/core";
import { textOf } from "./log-harness.ts";

/**
 * A reader of a compact channel by the words of the contract: what it knows after each page, and whether it has to
 * forget everything and begin anew.
 */
export class ModelReader {
  readonly known: Map<string, { readonly text: string; readonly offset: number }> = new Map();
  /** Everything up to here was read. */
  cursor = 0;
  /** What `resumable` was as it began with the whole state: up to there no deletion can have escaped it. */
  #begunAt = 0;
  gaps = 0;

  /** Takes a page that was read after the cursor; `false` where it did not follow, and the reader begins anew. */
  take(page: LogPage): boolean {
    const { earliest, head, messages } = page;
    const resumable = page.resumable ?? earliest - 1;
    const beginning = earliest - 1;
    const isBeginning = this.cursor === beginning;
    if (this.cursor < beginning || (!isBeginning && this.cursor < resumable && this.#begunAt < resumable)) {
      this.known.clear();
      this.cursor = beginning;
      this.gaps++;
      return false;
    }
    if (isBeginning) this.#begunAt = resumable;
    for (const { key, kind, offset, ...message } of messages) {
      if (key === undefined) continue;
      if (kind === "none") this.known.delete(key);
      else this.known.set(key, { text: textOf(message), offset });
    }
    this.cursor = messages.at(-1)?.offset ?? head;
    return true;
  }
}
