import { type Filter, matches, SEE_ALL } from "./filter.ts";
import type { Item } from "./item.ts";
import { buildRow, toggleRow } from "./row.ts";

/** Rows that are laid out, or passed over, together. */
const CHUNK_ROWS = 50;
/** A chunk of large messages is closed sooner, so that few of them go at a time, in UTF-16 units. */
const CHUNK_SIZE = 2_000_000;

interface Row {
  readonly item: Item;
  readonly element: HTMLElement;
}

interface Chunk {
  readonly element: HTMLElement;
  readonly rows: Row[];
  size: number;
}

/**
 * The rows that are in the document. They stand in chunks, of which the browser lays out only those in view
 * (`content-visibility`): with two thousand rows, each on its own was measured to cost most of every frame.
 */
export class Rows {
  readonly #element: HTMLElement;
  #chunks: Chunk[] = [];
  #filter = SEE_ALL;
  #count = 0;
  #size = 0;
  #matching = 0;

  constructor(element: HTMLElement) {
    this.#element = element;
  }

  get count(): number {
    return this.#count;
  }

  /** In UTF-16 units. */
  get size(): number {
    return this.#size;
  }

  get matchingCount(): number {
    return this.#matching;
  }

  /** The oldest item that is kept in the log. */
  get oldestCursor(): string | undefined {
    for (const { rows } of this.#chunks) {
      for (const { item } of rows)
        if (item.kind === "message" && item.cursor !== undefined) return item.cursor;
    }
    return undefined;
  }

  /** Adds rows at the end until `mayGoOn` says no; answers how many. */
  append(items: readonly Item[], mayGoOn: (added: number) => boolean): number {
    let added = 0;
    let open = this.#chunks.at(-1);
    const changed = new Set<Chunk>();
    for (const item of items) {
      if (!mayGoOn(added)) break;
      if (open === undefined || open.rows.length >= CHUNK_ROWS || open.size >= CHUNK_SIZE) {
        open = newChunk();
        this.#chunks.push(open);
        this.#element.append(open.element);
      }
      this.#put(item, open);
      changed.add(open);
      added++;
    }
    for (const chunk of changed) estimate(chunk);
    return added;
  }

  /** Adds older rows before all others. */
  prepend(items: readonly Item[]): void {
    const chunks: Chunk[] = [];
    for (let at = 0; at < items.length; at += CHUNK_ROWS) {
      const chunk = newChunk();
      for (const item of items.slice(at, at + CHUNK_ROWS)) this.#put(item, chunk);
      estimate(chunk);
      chunks.push(chunk);
    }
    this.#chunks = [...chunks, ...this.#chunks];
    this.#element.prepend(...chunks.map((chunk) => chunk.element));
  }

  /** Drops the oldest chunks while there is more than that, but for the last one; answers whether any went. */
  trim(maxRows: number, maxSize: number): boolean {
    let count = 0;
    while (this.#chunks.length - count > 1 && (this.#count > maxRows || this.#size > maxSize)) {
      const { element, rows, size } = this.#chunks[count++] as Chunk;
      this.#count -= rows.length;
      this.#size -= size;
      this.#matching -= visible(rows);
      element.remove();
    }
    this.#chunks.splice(0, count);
    return count > 0;
  }

  clear(): void {
    this.#chunks = [];
    this.#count = this.#size = this.#matching = 0;
    this.#element.replaceChildren();
  }

  filterBy(filter: Filter): void {
    this.#filter = filter;
    this.#matching = 0;
    for (const chunk of this.#chunks) {
      for (const { item, element } of chunk.rows) element.hidden = !matches(item, filter);
      this.#matching += visible(chunk.rows);
      estimate(chunk);
    }
  }

  /** The next row down (1) or up (-1) that the filter shows; from nowhere, the last one. */
  next(from: HTMLElement | undefined, step: 1 | -1): HTMLElement | undefined {
    const shown = this.#chunks.flatMap(({ rows }) =>
      rows.filter(({ element }) => !element.hidden || element === from),
    );
    const at = from === undefined ? -1 : shown.findIndex(({ element }) => element === from);
    return from === undefined ? shown.at(-1)?.element : shown[at + step]?.element;
  }

  /** Opens or closes a row. */
  toggle(element: HTMLElement): void {
    const chunk = this.#chunks.find((candidate) => candidate.element === element.parentElement);
    const row = chunk?.rows.find((candidate) => candidate.element === element);
    if (chunk === undefined || row === undefined) return;
    // Its height can no longer be told from the number of its rows.
    chunk.element.classList.add("uneven");
    toggleRow(element, row.item);
  }

  #put(item: Item, chunk: Chunk): void {
    const element = buildRow(item, Date.now());
    element.hidden = !matches(item, this.#filter);
    if (!element.hidden) this.#matching++;
    if (item.kind === "gap") chunk.element.classList.add("uneven");
    chunk.rows.push({ item, element });
    chunk.element.append(element);
    chunk.size += item.size;
    this.#count++;
    this.#size += item.size;
  }
}

function newChunk(): Chunk {
  const element = document.createElement("div");
  element.className = "chunk";
  return { element, rows: [], size: 0 };
}

/** Tells the browser how many rows it is to leave room for while the chunk is out of view. */
function estimate({ element, rows }: Chunk): void {
  element.style.setProperty("--rows", String(visible(rows)));
}

function visible(rows: readonly Row[]): number {
  return rows.reduce((count, { element }) => count + Number(!element.hidden), 0);
}
