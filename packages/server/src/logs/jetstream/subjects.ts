/** The names of what one log has in NATS; a channel's `/` becomes the subjects' `.`, so that rights and filters may be by segment. */
export class Subjects {
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  get stream(): string {
    return this.#prefix;
  }

  /** What the stream keeps. */
  get all(): readonly string[] {
    return [`${this.#prefix}.log.>`, `${this.#prefix}.bulk.>`];
  }

  /** Where the stream tells what it has kept, and where to. */
  get republish(): { readonly src: string; readonly dest: string } {
    return { src: `${this.#prefix}.log.>`, dest: `${this.#prefix}.new.>` };
  }

  /** All entries. */
  get entries(): string {
    return `${this.#prefix}.log.>`;
  }

  /** Where new channels are told. */
  get newNames(): string {
    return `${this.#prefix}.names`;
  }

  /** Where nodes that lose races ask the others for their turn. */
  get turns(): string {
    return `${this.#prefix}.turns`;
  }

  /** A channel's entries. */
  log(channel: string): string {
    return `${this.#prefix}.log.${encode(channel)}`;
  }

  /** What is too large for an entry. */
  bulk(channel: string): string {
    return `${this.#prefix}.bulk.${encode(channel)}`;
  }

  /** Where a channel's entries are told once they are kept, and its ephemeral messages. */
  told(channel: string): string {
    return `${this.#prefix}.new.${encode(channel)}`;
  }

  /** Of a subject of entries. */
  channelOf(subject: string): string {
    return decode(subject.slice(this.#prefix.length + ".log.".length));
  }
}

/** What a token may hold as it is; other bytes are `=` and two hexadecimal digits, and an empty token is `=` alone. */
const PLAIN = /^[A-Za-z0-9_~-]$/;

function encode(channel: string): string {
  return channel
    .split("/")
    .map((segment) => (segment === "" ? "=" : [...Buffer.from(segment)].map(encodeByte).join("")))
    .join(".");
}

function encodeByte(byte: number): string {
  const char = String.fromCharCode(byte);
  return PLAIN.test(char) ? char : `=${byte.toString(16).padStart(2, "0")}`;
}

function decode(subject: string): string {
  const percent = subject.replaceAll("%", "").replace(/=(?=\.|$)/g, "");
  return decodeURIComponent(percent.replaceAll(".", "/").replaceAll("=", "%"));
}
