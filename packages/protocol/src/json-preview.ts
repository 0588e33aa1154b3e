const encoder = new TextEncoder();

/** A number, `true`, `false` or `null`, which ends where something else follows: at the end of the text it may go on. */
const SCALAR = /(?:-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null)(?=[\s,\]}])/y;
/** One character of a JSON string as it is written (RFC 8259 §7); escaped surrogate pairs stay together. */
const CHARACTER =
  /\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\["\\/bfnrt]|[ !#-[\]-\u{10ffff}]/uy;
/** What stands at the end of a string that goes on. */
const ELLIPSIS = "…";
/** A value inside of another gets this part of what that one may have, so that one large field leaves room for others. */
const NESTED_PART = 4;
const MIN_NESTED_BYTES = 64;
const MAX_DEPTH = 16;

/**
 * The first fields of a JSON document, from the text it begins with: members and elements in their order, as they are
 * written, for as long as they fit. A value inside that is too long is cut: an object or array after a part of its
 * fields, a string with `…` at its end. Answers valid JSON of at most `maxBytes`, or `undefined` where there is nothing to
 * show, or the text is not JSON.
 */
export function previewJson(start: string, maxBytes: number): string | undefined {
  const cut = new Cut(start).value(maxBytes, maxBytes, 0);
  if (cut === undefined) return undefined;
  try {
    // What was never parsed can be anything: what is sent on is JSON, or nothing.
    JSON.parse(cut);
    return cut;
  } catch {
    return undefined;
  }
}

/** Reads forward through text that may break off anywhere, and copies what fits. */
class Cut {
  readonly #text: string;
  #at = 0;
  /** The text broke off, or is not JSON: nothing after this can be told. */
  #isOver = false;

  constructor(text: string) {
    this.#text = text;
  }

  /** The next value in `left` bytes, of which a nested or long one gets `share`; `undefined` where it does not fit. */
  value(left: number, share: number, depth: number): string | undefined {
    const first = this.#next();
    if (first === '"') return this.#string(Math.min(left, share), left);
    if (first === "{" || first === "[") return this.#container(first, Math.min(left, share), depth);
    const scalar = this.#match(SCALAR);
    this.#isOver ||= scalar === undefined;
    return scalar !== undefined && scalar.length <= left ? scalar : undefined;
  }

  /** Whole in `left` bytes, else as much of it as its share allows. */
  #string(share: number, left: number): string | undefined {
    const start = this.#at++;
    const room = share - 2 - ELLIPSIS.length * 3;
    let bytes = 0;
    let cutAt = this.#at;
    for (let found = this.#match(CHARACTER); found !== undefined; found = this.#match(CHARACTER)) {
      bytes += found.length > 2 || found < "\x80" ? found.length : sizeOf(found);
      if (bytes <= room) cutAt = this.#at;
    }
    const isWhole = this.#text[this.#at] === '"';
    if (isWhole) this.#at++;
    else this.#isOver = true;
    if (isWhole && bytes + 2 <= Math.min(left, Math.max(share, MIN_NESTED_BYTES)))
      return this.#text.slice(start, this.#at);
    return room < 0 ? undefined : `${this.#text.slice(start, cutAt)}${ELLIPSIS}"`;
  }

  #container(open: string, maxBytes: number, depth: number): string | undefined {
    const isObject = open === "{";
    const close = isObject ? "}" : "]";
    if (maxBytes < 2) {
      this.#skip();
      return undefined;
    }
    this.#at++;
    const share = Math.max(MIN_NESTED_BYTES, Math.floor(maxBytes / NESTED_PART));
    const parts: string[] = [];
    let left = maxBytes - 2;
    if (this.#take(close)) return open + close;
    for (let hasRoom = depth < MAX_DEPTH; hasRoom;) {
      const name = isObject ? this.#name() : "";
      if (this.#isOver) break;
      const comma = parts.length === 0 ? 0 : 1;
      const room = left - sizeOf(name) - comma;
      const value = room < 1 ? undefined : this.value(room, share, depth + 1);
      if (value !== undefined) {
        parts.push(name + value);
        left -= sizeOf(name) + sizeOf(value) + comma;
      } else if (room < 1) break;
      // An element left out would move those after it; of an object's members, the others still say what they are.
      else hasRoom = isObject;
      if (this.#isOver || this.#take(close)) return open + parts.join(",") + close;
      if (!this.#take(",")) {
        this.#isOver = true;
        break;
      }
    }
    this.#skipToClose();
    return open + parts.join(",") + close;
  }

  /** A member's name with its colon. */
  #name(): string {
    if (this.#next() !== '"') {
      this.#isOver = true;
      return "";
    }
    const name = this.#string(Infinity, Infinity) ?? "";
    if (!this.#take(":")) this.#isOver = true;
    return `${name}:`;
  }

  /** Passes over the value that begins here. */
  #skip(): void {
    this.#at++;
    this.#skipToClose();
  }

  /** Passes over the rest of the object or array that is open. */
  #skipToClose(): void {
    for (let depth = 1; depth > 0 && !this.#isOver;) {
      const character = this.#text[this.#at];
      if (character === undefined) this.#isOver = true;
      else if (character === '"') this.#string(0, 0);
      else {
        if (character === "{" || character === "[") depth++;
        else if (character === "}" || character === "]") depth--;
        this.#at++;
      }
    }
  }

  /** The next character that is not white space; it is not passed over. */
  #next(): string | undefined {
    while (/[ \n\r\t]/.test(this.#text[this.#at] ?? "")) this.#at++;
    return this.#text[this.#at];
  }

  #take(character: string): boolean {
    if (this.#next() !== character) return false;
    this.#at++;
    return true;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }
}

function sizeOf(text: string): number {
  return encoder.encode(text).length;
}
