import { createHash } from "node:crypto";
import {
  DEFAULT_RETENTION,
  type Hub,
  type Policy,
  type Publisher,
  type PublishMessage,
  Reader,
  type ReaderSink,
} from "@tidings/core";
import { type Batch, type Cursor, LineDecoder, type MessageObject, ndjsonFormat } from "@tidings/protocol";
import type { Logger } from "pino";
import { z } from "zod";
import type { Identity } from "./identity.ts";

/** Where revocations are kept: they outlive the process, and reach every node that shares the log. */
const CHANNEL = "$tidings/revocations";
/** Most revocations at once. */
const MAX_REVOCATIONS = 100_000;
/** A pause before the channel is read anew that could not be read, in milliseconds. */
const AGAIN_MS = 500;

/** The newest word on each token, subject and key. */
export const REVOCATIONS_POLICY: Policy = {
  pattern: CHANNEL,
  compact: true,
  publish: "server",
  presence: false,
  retention: { ...DEFAULT_RETENTION, maxMessages: MAX_REVOCATIONS, maxAgeMs: Number.POSITIVE_INFINITY },
};

/** What is revoked: a token by its `jti`, all that a subject was given until then, or an API key by its id. */
export interface Revocation {
  readonly of: "token" | "subject" | "key";
  readonly id: string;
  /** When, in milliseconds since 1970. */
  readonly atMs: number;
}

const revocation: z.ZodType<Revocation> = z.strictObject({
  of: z.enum(["token", "subject", "key"]),
  id: z.string().min(1).max(255),
  atMs: z.number(),
});

interface Options {
  readonly hub: Hub;
  readonly publisher: Publisher;
  readonly logger: Logger;
  readonly nowMs: () => number;
  /** Told when more than before is revoked. */
  readonly onRevoked: () => void;
}

/** What was taken back before its time. */
export class Revocations {
  readonly #options: Options;
  readonly #known = new Map<string, Revocation>();
  readonly #lines = new LineDecoder((line) => this.#apply(JSON.parse(line) as MessageObject));
  #reader: Reader | undefined;
  #cursor: Cursor | undefined;
  #timer: NodeJS.Timeout | undefined;
  #ready: (() => void) | undefined;

  private constructor(options: Options) {
    this.#options = options;
  }

  /** Resolves once all that was revoked before is known: nobody may come in ahead of that. */
  static async open(options: Options): Promise<Revocations> {
    const revocations = new Revocations(options);
    await new Promise<void>((resolve) => {
      revocations.#ready = resolve;
      revocations.#follow();
    });
    return revocations;
  }

  get size(): number {
    return this.#known.size;
  }

  all(): readonly Revocation[] {
    return [...this.#known.values()];
  }

  isRevoked({ kind, id, subject, issuedAtMs }: Identity): boolean {
    if (this.#known.size === 0) return false;
    if (kind === "key") return id !== undefined && this.#known.has(`key ${id}`);
    if (kind === "token" && id !== undefined && this.#known.has(`token ${id}`)) return true;
    const of = subject === undefined ? undefined : this.#known.get(`subject ${subject}`);
    // Whom the application said it was has one, too. A token says when it was made in whole seconds; one without is not known to be newer.
    return of !== undefined && (issuedAtMs ?? 0) <= of.atMs;
  }

  /**
   * Takes something back, for good. Resolves once every log that is to hold it does, and this node keeps to it.
   *
   * @throws {TidingsError} what the log met
   */
  async revoke(of: Revocation["of"], id: string): Promise<void> {
    const entry: Revocation = { of, id, atMs: this.#options.nowMs() };
    await this.#publish(`${of} ${id}`, entry);
    this.#take(entry);
  }

  /** Makes it as if it had never been revoked. Answers whether it had been. */
  async restore(of: Revocation["of"], id: string): Promise<boolean> {
    const key = `${of} ${id}`;
    if (!this.#known.has(key)) return false;
    await this.#publish(key, undefined);
    this.#known.delete(key);
    return true;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#reader?.stop();
  }

  async #publish(name: string, entry: Revocation | undefined): Promise<void> {
    const names = { event: "revocation", key: keyOf(name) };
    const message: PublishMessage =
      entry === undefined
        ? { ...names, kind: "none", data: new Uint8Array(0) }
        : { ...names, kind: "json", data: Buffer.from(JSON.stringify(entry)) };
    await this.#options.publisher.publish(CHANNEL, [message], { isServer: true });
  }

  #apply(message: MessageObject): void {
    const read = revocation.safeParse(message.data);
    if (read.success) this.#take(read.data);
    else if (message.key !== undefined)
      for (const key of this.#known.keys()) if (keyOf(key) === message.key) this.#known.delete(key);
  }

  #take(entry: Revocation): void {
    this.#known.set(`${entry.of} ${entry.id}`, entry);
    this.#options.onRevoked();
  }

  #follow(): void {
    const { hub, logger } = this.#options;
    const sink: ReaderSink = {
      isBlocked: false,
      opened: () => undefined,
      gap: () => undefined,
      batch: (reader, batch: Batch) => {
        this.#lines.push(batch.bytes);
        this.#cursor = reader.cursor;
      },
      caughtUp: () => this.#ready?.(),
      fellBehind: () => void drive(),
      failed: (_, error) => {
        logger.warn({ err: error }, "the revocations could not be read; they will be read again");
        this.#timer = setTimeout(() => this.#follow(), AGAIN_MS);
        this.#timer.unref();
      },
    };
    const reader = new Reader(
      hub,
      {
        channel: CHANNEL,
        start: this.#cursor === undefined ? { at: "earliest" } : { at: "cursor", cursor: this.#cursor },
        format: ndjsonFormat,
        limits: { maxMessages: 1_000, maxBytes: 1_048_576 },
      },
      sink,
    );
    this.#reader = reader;
    const drive = async (): Promise<void> => {
      while (reader.state === "catching-up") await reader.step();
    };
    void drive();
  }
}

/** A subject may be longer than a message's key, and have other characters. */
function keyOf(name: string): string {
  return createHash("sha256").update(name).digest("base64url");
}
