import { createHash } from "node:crypto";
import { TidingsError } from "@tidings/protocol";
import { z } from "zod";
import { grantLists } from "./claims.ts";
import type { GrantLists } from "@tidings/core";

/** What the application is asked before it is done. */
export interface Question {
  readonly action: "connect" | "subscribe" | "publish";
  /** The channel that is to be read, or published to. */
  readonly channel?: string | undefined;
  /** Who asks, as far as the server knows. */
  readonly identity: {
    readonly kind: "anonymous" | "token" | "key";
    readonly subject?: string | undefined;
    readonly id?: string | undefined;
    readonly facts?: Readonly<Record<string, unknown>> | undefined;
  };
  /** From where: the client's address. */
  readonly address: string;
  /** With `connect`: of the request's headers, those that were asked for, by their names in lower case. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** What the application says. */
export interface Answer {
  readonly allow: boolean;
  /** Why not: told to the client. */
  readonly reason?: string | undefined;
  /** With `connect`: whom the client stands for, where no credential said so. */
  readonly subject?: string | undefined;
  /** With `connect`: what it may do beside what its credential says. */
  readonly grants?: GrantLists | undefined;
  /** With `connect`: told to commands as the caller's. */
  readonly facts?: Readonly<Record<string, unknown>> | undefined;
  /** With `connect`: how long this holds, in milliseconds; the connection is closed with 4401 then. Default: as long as it lasts. */
  readonly expiresInMs?: number | undefined;
}

/** Asks the application; what it throws, and what takes too long, is a no that may pass. */
export type Ask = (question: Question, signal: AbortSignal) => Promise<Answer> | Answer;

export interface SayOptions {
  readonly ask: Ask;
  /** What is asked about. Default all three. */
  readonly actions?: readonly Question["action"][] | undefined;
  /** How long an answer is waited for, in milliseconds. Default 2,000. */
  readonly timeoutMs?: number | undefined;
  /** How long an answer to the very same question holds, in milliseconds. Default 0: each is asked. */
  readonly cacheMs?: number | undefined;
  /** Of a `connect`, the headers that the application sees. Default none. */
  readonly headers?: readonly string[] | undefined;
}

const DEFAULT_SAY_TIMEOUT_MS = 2_000;
/** Most answers that are remembered. Beyond it the oldest is asked for anew. */
const MAX_REMEMBERED = 10_000;
const MAX_REASON_LENGTH = 500;
const MAX_FACTS_BYTES = 4_096;

const answer: z.ZodType<Answer> = z.strictObject({
  allow: z.boolean(),
  reason: z.string().max(MAX_REASON_LENGTH).optional(),
  subject: z.string().min(1).max(255).optional(),
  grants: grantLists.optional(),
  facts: z
    .record(z.string(), z.json())
    .refine((facts) => JSON.stringify(facts).length <= MAX_FACTS_BYTES)
    .optional(),
  expiresInMs: z.number().positive().optional(),
});

/** The application's own say, asked in time and kept for a while. It fails closed: no answer is no. */
export class Say {
  readonly headers: readonly string[];
  readonly #options: SayOptions;
  readonly #nowMs: () => number;
  readonly #onFault: (error: unknown) => void;
  /** Also of questions that are being asked: many who ask the same wait for one answer. The oldest first. */
  readonly #known = new Map<string, { readonly untilMs: number; readonly answer: Promise<Answer> }>();

  constructor(options: SayOptions, nowMs: () => number, onFault: (error: unknown) => void) {
    this.#options = options;
    this.headers = (options.headers ?? []).map((name) => name.toLowerCase());
    this.#nowMs = nowMs;
    this.#onFault = onFault;
  }

  isAskedFor(action: Question["action"]): boolean {
    return this.#options.actions?.includes(action) ?? true;
  }

  /**
   * What the application says.
   *
   * @throws {TidingsError} `FORBIDDEN` where that is no, `AUTH_UNAVAILABLE` where it says nothing that can be used
   */
  async ask(question: Question): Promise<Answer> {
    const said = await this.#remembered(question);
    if (said.allow) return said;
    throw new TidingsError("FORBIDDEN", said.reason ?? "the application does not allow this.");
  }

  #remembered(question: Question): Promise<Answer> {
    const { cacheMs = 0 } = this.#options;
    if (cacheMs === 0) return this.#ask(question);
    // A hash, since the question may hold a cookie.
    const key = createHash("sha256").update(JSON.stringify(question)).digest("base64");
    const known = this.#known.get(key);
    if (known !== undefined && known.untilMs > this.#nowMs()) return known.answer;
    const asked = this.#ask(question);
    this.#known.delete(key);
    this.#known.set(key, { untilMs: this.#nowMs() + cacheMs, answer: asked });
    // What failed is asked again by the next one.
    asked.catch(() => this.#known.delete(key));
    if (this.#known.size > MAX_REMEMBERED) {
      for (const oldest of this.#known.keys()) {
        this.#known.delete(oldest);
        break;
      }
    }
    return asked;
  }

  async #ask(question: Question): Promise<Answer> {
    const { ask, timeoutMs = DEFAULT_SAY_TIMEOUT_MS } = this.#options;
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const late = new Promise<never>((_, reject) =>
        signal.addEventListener("abort", () => reject(new Error(`no answer within ${timeoutMs} ms`)), {
          once: true,
        }),
      );
      // One who throws at once is not raced with.
      late.catch(() => undefined);
      return answer.parse(await Promise.race([ask(question, signal), late]));
    } catch (cause) {
      this.#onFault(cause);
      throw new TidingsError(
        "AUTH_UNAVAILABLE",
        "the application that decides about this does not answer; try again.",
        {},
        cause,
      );
    }
  }
}
