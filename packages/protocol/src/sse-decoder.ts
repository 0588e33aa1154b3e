import { Utf8Stream } from "./utf8-stream.ts";

/** The longest that a timer can wait; one asked to wait longer fires at once. */
const MAX_RETRY_MS = 2_147_483_647;

/** One dispatched event of a stream. */
export interface SseEvent {
  /** `message` where the stream says nothing. */
  readonly event: string;
  readonly data: string;
  /** The last event id as it stands after this event; empty before the first `id`. */
  readonly lastEventId: string;
}

/** What a decoder reports. Blocks without data dispatch nothing, but their `id` counts (WHATWG HTML §9.2.6). */
export interface SseHandler {
  event(event: SseEvent): void;
  /** The last event id changed in a block without data: a new position, and no event. */
  position?(lastEventId: string): void;
  /** The server asks for this pause before a reconnect, in milliseconds; at most 2,147,483,647. */
  retry?(retryMs: number): void;
  /** A comment, which is how heartbeats travel. */
  comment?(text: string): void;
}

/**
 * Reads an event stream (WHATWG HTML §9.2.5–9.2.6) from bytes cut anywhere.
 *
 * @throws {RangeError} when a line or an event is longer than `maxEventLength` UTF-16 units (default 16 Mi)
 */
export class SseDecoder {
  readonly #handler: SseHandler;
  readonly #maxEventLength: number;
  readonly #utf8 = new Utf8Stream(false); // without one leading BOM, as §9.2.5 asks
  #rest = "";
  #endedByCr = false;
  #data: string[] = [];
  #dataLength = 0;
  #event = "";
  #lastEventId = "";
  #reportedId = "";

  constructor(handler: SseHandler, maxEventLength = 16_777_216) {
    this.#handler = handler;
    this.#maxEventLength = maxEventLength;
  }

  push(bytes: Uint8Array): void {
    let text = this.#utf8.push(bytes);
    // A CRLF may be cut between two chunks: the LF then ends no line of its own.
    if (this.#endedByCr && text !== "") {
      if (text.startsWith("\n")) text = text.slice(1);
      this.#endedByCr = false;
    }
    // A rest holds no line end, so only the new text is searched.
    const ending = /\r\n|\r|\n/g;
    let start = 0;
    for (let match = ending.exec(text); match !== null; match = ending.exec(text)) {
      this.#line(this.#rest + text.slice(start, match.index));
      this.#rest = "";
      start = ending.lastIndex;
      this.#endedByCr = match[0] === "\r" && start === text.length;
    }
    this.#rest += text.slice(start);
    this.#bound(this.#rest.length);
  }

  #line(line: string): void {
    if (line === "") return this.#dispatch();
    this.#bound(line.length);
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    switch (field) {
      case "":
        this.#handler.comment?.(value);
        break;
      case "data":
        this.#dataLength += value.length + 1;
        this.#bound(this.#dataLength);
        this.#data.push(value);
        break;
      case "event":
        this.#event = value;
        break;
      case "id":
        if (!value.includes("\0")) this.#lastEventId = value;
        break;
      case "retry":
        if (/^[0-9]+$/.test(value)) this.#handler.retry?.(Math.min(Number(value), MAX_RETRY_MS));
        break;
      default: // other fields are ignored (§9.2.6)
    }
  }

  #dispatch(): void {
    const hasData = this.#data.length > 0;
    const data = this.#data.join("\n");
    const event = this.#event === "" ? "message" : this.#event;
    this.#data = [];
    this.#dataLength = 0;
    this.#event = "";
    const hasMoved = this.#lastEventId !== this.#reportedId;
    this.#reportedId = this.#lastEventId;
    if (hasData) this.#handler.event({ event, data, lastEventId: this.#lastEventId });
    else if (hasMoved) this.#handler.position?.(this.#lastEventId);
  }

  #bound(length: number): void {
    if (length > this.#maxEventLength) {
      throw new RangeError(`an event of the stream is longer than ${this.#maxEventLength} characters`);
    }
  }
}
