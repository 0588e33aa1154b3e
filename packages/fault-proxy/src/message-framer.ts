/** A piece of an HTTP/1.1 stream, as it travelled: put together again, the pieces are the stream. */
export type Part =
  /** From the start line to the empty line. */
  | { readonly type: "head"; readonly bytes: Buffer }
  /** Of the body, with what frames it. */
  | { readonly type: "body"; readonly bytes: Buffer }
  /** The message is whole. */
  | { readonly type: "end" };

/** How long a body is (RFC 9112 §6.3): a number of bytes, in chunks, or until the connection ends. */
export type BodyLength = number | "chunked" | "rest";

type State = "head" | "sized" | "chunk-size" | "chunk" | "trailer" | "rest";

const HEAD_END = Buffer.from("\r\n\r\n");
const LINE_END = Buffer.from("\r\n");

/** Finds out where HTTP/1.1 messages begin and end, and changes no byte of them. */
export class MessageFramer {
  readonly #lengthOf: (head: string) => BodyLength;
  #state: State = "head";
  /** Bytes of a head or line that is not whole yet. */
  #rest: Buffer = Buffer.alloc(0);
  /** Of a body of known length, or of a chunk with its line end. */
  #remaining = 0;

  constructor(lengthOf: (head: string) => BodyLength) {
    this.#lengthOf = lengthOf;
  }

  push(chunk: Buffer): Part[] {
    const parts: Part[] = [];
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = Buffer.alloc(0);
    while (bytes.length > 0) {
      const taken = this.#take(bytes, parts);
      if (taken === 0) {
        this.#rest = bytes;
        break;
      }
      bytes = bytes.subarray(taken);
    }
    return parts;
  }

  /** From here on there are no messages any more: all bytes are one body, as after a `101`. Answers what was not whole. */
  tunnel(): Buffer {
    this.#state = "rest";
    const rest = this.#rest;
    this.#rest = Buffer.alloc(0);
    return rest;
  }

  /** The stream is over: a body without a length is whole by that. */
  finish(): Part[] {
    if (this.#state === "rest") return [{ type: "end" }];
    return this.#rest.length === 0 ? [] : [{ type: "body", bytes: this.#rest }];
  }

  /** How many bytes it took; 0 where it needs more of them. */
  #take(bytes: Buffer, parts: Part[]): number {
    switch (this.#state) {
      case "head":
        return this.#takeHead(bytes, parts);
      case "sized":
      case "chunk": {
        const part = bytes.subarray(0, this.#remaining);
        parts.push({ type: "body", bytes: part });
        this.#remaining -= part.length;
        if (this.#remaining > 0) return part.length;
        if (this.#state === "chunk") this.#state = "chunk-size";
        else this.#end(parts);
        return part.length;
      }
      case "chunk-size":
      case "trailer":
        return this.#takeLine(bytes, parts);
      case "rest":
        parts.push({ type: "body", bytes });
        return bytes.length;
    }
  }

  #takeHead(bytes: Buffer, parts: Part[]): number {
    // Empty lines before a request are passed over (RFC 9112 §2.2).
    if (bytes.indexOf(LINE_END) === 0) return LINE_END.length;
    const at = bytes.indexOf(HEAD_END);
    if (at < 0) return 0;
    const head = bytes.subarray(0, at + HEAD_END.length);
    parts.push({ type: "head", bytes: head });
    const length = this.#lengthOf(head.toString("latin1"));
    if (length === "rest") this.#state = "rest";
    else if (length === "chunked") this.#state = "chunk-size";
    else if (length === 0) this.#end(parts);
    else {
      this.#state = "sized";
      this.#remaining = length;
    }
    return head.length;
  }

  #takeLine(bytes: Buffer, parts: Part[]): number {
    const at = bytes.indexOf(LINE_END);
    if (at < 0) return 0;
    const line = bytes.subarray(0, at + LINE_END.length);
    parts.push({ type: "body", bytes: line });
    if (this.#state === "trailer") {
      if (at === 0) this.#end(parts);
      return line.length;
    }
    const size = Number.parseInt(line.toString("latin1"), 16);
    this.#state = size === 0 ? "trailer" : "chunk";
    this.#remaining = size + LINE_END.length;
    return line.length;
  }

  #end(parts: Part[]): void {
    this.#state = "head";
    parts.push({ type: "end" });
  }
}

/** A head's fields, by their name in small letters. */
export function fieldsOf(head: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const line of head.split("\r\n").slice(1)) {
    const at = line.indexOf(":");
    if (at > 0) fields.set(line.slice(0, at).toLowerCase(), line.slice(at + 1).trim());
  }
  return fields;
}

/** Of a request; and of a response whose status and request allow a body. */
export function bodyLengthOf(fields: ReadonlyMap<string, string>, without: BodyLength): BodyLength {
  if (fields.get("transfer-encoding")?.toLowerCase().endsWith("chunked") === true) return "chunked";
  const length = fields.get("content-length");
  return length === undefined ? without : Number(length);
}
