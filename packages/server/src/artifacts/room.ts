import { type Limits, TidingsError } from "@tidings/protocol";

/** Records and bodies cost files and memory even where they are empty. */
const MAX_ARTIFACTS = 1_000_000;

/** Counts what the store holds, unfinished uploads too, so that uploads at the same time cannot pass its bound together. */
export class Room {
  readonly #limits: Pick<Limits, "maxArtifactBytes" | "maxArtifactStoreBytes">;
  #bytes = 0;
  #count = 0;

  constructor(limits: Pick<Limits, "maxArtifactBytes" | "maxArtifactStoreBytes">) {
    this.#limits = limits;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Counts what was there at the start, whatever the bounds are now. */
  add(bytes: number): void {
    this.#bytes += bytes;
    this.#count++;
  }

  /** @throws {TidingsError} `STORE_FULL` */
  begin(): void {
    if (this.#count >= MAX_ARTIFACTS) throw this.#full(`${this.#count} artifacts`);
    this.#count++;
  }

  /**
   * Takes room for bytes that are to be written.
   *
   * @throws {TidingsError} `STORE_FULL`; nothing was taken then
   */
  take(bytes: number): void {
    this.check(bytes);
    this.#bytes += bytes;
  }

  /**
   * Whether as much would fit now, and may be.
   *
   * @throws {TidingsError} `ARTIFACT_TOO_LARGE` for the whole `size` it would have, `STORE_FULL`
   */
  check(bytes: number, size: number = bytes): void {
    const { maxArtifactBytes, maxArtifactStoreBytes } = this.#limits;
    if (size > maxArtifactBytes) throw tooLarge(maxArtifactBytes);
    if (this.#bytes + bytes > maxArtifactStoreBytes) throw this.#full(`${this.#bytes} bytes`);
  }

  give(bytes: number): void {
    this.#bytes -= bytes;
  }

  /** Gives back all of one artifact or upload. */
  remove(bytes: number): void {
    this.#bytes -= bytes;
    this.#count--;
  }

  #full(held: string): TidingsError {
    return new TidingsError(
      "STORE_FULL",
      `the store of artifacts holds ${held}, and at most ${this.#limits.maxArtifactStoreBytes} bytes and ${MAX_ARTIFACTS} ` +
        "artifacts fit. Delete some, or raise maxArtifactStoreBytes; it also empties as they expire.",
    );
  }
}

function tooLarge(maxArtifactBytes: number): TidingsError {
  return new TidingsError(
    "ARTIFACT_TOO_LARGE",
    `the artifact is larger than ${maxArtifactBytes} bytes, the limit here. Split it into several, or raise maxArtifactBytes.`,
  );
}

/** A full disk, or too many open files, in the store's own words; every other fault as it is. */
export function storeFault(error: unknown): unknown {
  switch ((error as NodeJS.ErrnoException | undefined)?.code) {
    case "ENOSPC":
    case "EDQUOT":
    case "EFBIG":
      return new TidingsError(
        "STORE_FULL",
        "the disk under the store of artifacts is full; make room on it, or delete artifacts.",
        {},
        error,
      );
    case "EMFILE":
    case "ENFILE":
      return new TidingsError(
        "TOO_MANY_CONNECTIONS",
        "the server has as many files open as it may; try again later.",
        {},
        error,
      );
    default:
      return error;
  }
}
