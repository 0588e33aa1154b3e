import { createHash } from "node:crypto";
import { IDEMPOTENCY_MS, quote, TidingsError } from "@tidings/protocol";
import type { Execution } from "./execution.ts";
import type { Outcome } from "./fault.ts";

const MAX_ENTRIES = 10_000;
const MAX_BYTES = 33_554_432;
/** What an entry takes beside its outcome, about. */
const ENTRY_BYTES = 512;

interface Entry {
  readonly digest: string;
  state: Execution | Outcome;
  readonly expiresAtMs: number;
  bytes: number;
}

/**
 * What was asked under idempotency keys: for five minutes a repeat joins the execution that is under way, or is
 * answered as the first was. Above 10,000 keys or 32 MiB the oldest that have ended are forgotten before their time.
 */
export class Remembered {
  readonly #entries = new Map<string, Entry>();
  readonly #nowMs: () => number;
  #bytes = 0;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /**
   * What there is under a key of a command, or of one caller of it.
   *
   * @throws {TidingsError} `KEY_INVALID` where the key was used with another input
   */
  find(name: string, key: string, input: Uint8Array | undefined): Execution | Outcome | undefined {
    const entry = this.#entries.get(id(name, key));
    if (entry === undefined) return undefined;
    if (entry.expiresAtMs <= this.#nowMs() && "ok" in entry.state) {
      this.#delete(id(name, key), entry);
      return undefined;
    }
    if (entry.digest === digestOf(input)) return entry.state;
    throw new TidingsError(
      "KEY_INVALID",
      `the idempotency key ${quote(key)} was used for another input of this command; use a fresh key for each call.`,
      { field: "idempotencyKey" },
    );
  }

  begin(name: string, key: string, input: Uint8Array | undefined, execution: Execution): void {
    this.#makeRoom();
    const expiresAtMs = this.#nowMs() + IDEMPOTENCY_MS;
    this.#entries.set(id(name, key), {
      digest: digestOf(input),
      state: execution,
      expiresAtMs,
      bytes: ENTRY_BYTES,
    });
    this.#bytes += ENTRY_BYTES;
  }

  /** An answer and a command's own fault are remembered; anything else may end otherwise next time. */
  end(name: string, key: string, execution: Execution, outcome: Outcome | undefined): void {
    const entry = this.#entries.get(id(name, key));
    if (entry?.state !== execution) return;
    if (outcome === undefined || !(outcome.ok || outcome.fault.isOwn))
      return this.#delete(id(name, key), entry);
    entry.state = outcome;
    const added = 2 * (outcome.ok ? (outcome.json?.length ?? 0) : (outcome.fault.data?.length ?? 0));
    entry.bytes += added;
    this.#bytes += added;
    this.#makeRoom();
  }

  /** Forgets what is over, and then the oldest; those under way are as many as the server works on at most. */
  #makeRoom(): void {
    const nowMs = this.#nowMs();
    for (const [at, entry] of this.#entries) {
      const isFull = this.#entries.size >= MAX_ENTRIES || this.#bytes > MAX_BYTES;
      if (!isFull && entry.expiresAtMs > nowMs) return;
      if ("ok" in entry.state) this.#delete(at, entry);
    }
  }

  #delete(at: string, entry: Entry): void {
    this.#entries.delete(at);
    this.#bytes -= entry.bytes;
  }
}

/** A name has no line end, and a key no control character: no two pairs are one. */
function id(name: string, key: string): string {
  return `${name}\n${key}`;
}

function digestOf(input: Uint8Array | undefined): string {
  return input === undefined ? "" : createHash("sha256").update(input).digest("base64");
}
