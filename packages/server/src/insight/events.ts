import { type Log, TokenBucket } from "@tidings/core";
import type { ErrorCode } from "@tidings/protocol";
import type { Identity } from "../auth/index.ts";
import { EVENTS } from "./names.ts";
import { whoIs } from "./who.ts";

/** Of each kind and code so many are told one by one, a second and at once; the others are summed up, so that an attack costs nothing. */
const TOLD_PER_SECOND = 1;
const TOLD_AT_ONCE = 50;
/** Characters of what is told in words. */
const MAX_WORDS = 300;

/** What is known of what was refused. */
export interface About {
  /** What happened, and what to do: as it was told to the one who was refused. */
  readonly message?: string;
  readonly method?: string | undefined;
  /** As it is declared, never the path itself. */
  readonly route?: string;
  readonly channel?: string | undefined;
  readonly address?: string | undefined;
  readonly identity?: Identity | undefined;
  readonly connection?: string;
  /** The request's id, as the server's log has it. */
  readonly request?: string;
}

/** Of the reasons for which a connection ends. */
export type EndReason =
  /** Its client closed it. */
  | "client-closed"
  /** It broke, or its client went without a word. */
  | "lost"
  /** It did not answer a ping. */
  | "silent"
  | "drained"
  /** An operator has ended it. */
  | "operator"
  /** The server has ended it for what its client did, or since its credential has ended. */
  | ErrorCode;

/** Whatever there is to say; `message` is cut. */
type Told = Readonly<Record<string, unknown>>;

/**
 * What has happened on this node that an operator may ask for, in the channel `$tidings/events`. Bounded by count, bytes and rate,
 * whatever peers do.
 */
export class Events {
  readonly #log: Pick<Log, "append">;
  readonly #nowMs: () => number;
  readonly #buckets = new Map<string, TokenBucket>();
  /** Those that were not told one by one, by kind and code. */
  #more = new Map<string, number>();

  constructor(log: Pick<Log, "append">, nowMs: () => number) {
    this.#log = log;
    this.#nowMs = nowMs;
  }

  /** Something was refused; `about` is asked only for what is told. */
  refused(code: ErrorCode, about: () => About): void {
    this.#tell("refused", code, () => {
      const { identity, message, ...others } = about();
      return {
        code,
        ...others,
        ...(identity === undefined ? {} : { who: whoIs(identity) }),
        ...(message === undefined ? {} : { message }),
      };
    });
  }

  disconnected(reason: EndReason, about: () => Told): void {
    this.#tell("disconnected", reason, () => ({ reason, ...about() }));
  }

  /** A reader was told that messages are missing. */
  gap(about: () => Told): void {
    this.#tell("gap", "", about);
  }

  started(about: Told): void {
    this.#tell("started", "", () => about);
  }

  draining(): void {
    this.#tell("draining", "", () => ({}));
  }

  /** Another node of the log has come or gone. */
  node(state: string, about: Told): void {
    this.#tell("node", state, () => ({ state, ...about }));
  }

  /** Something of the server's own went wrong. */
  fault(message: string, cause?: unknown): void {
    const why = cause instanceof Error ? `: ${cause.message}` : "";
    this.#tell("fault", "", () => ({ message: `${message}${why}` }));
  }

  /** Sums up what was not told; to be called about once a second. */
  tick(): void {
    if (this.#more.size === 0) return;
    const counts = Object.fromEntries(this.#more);
    this.#more = new Map();
    this.#append("more", { counts });
  }

  #tell(kind: string, code: string, about: () => Told): void {
    const name = code === "" ? kind : `${kind} ${code}`;
    const nowMs = this.#nowMs();
    let bucket = this.#buckets.get(name);
    if (bucket === undefined) {
      bucket = new TokenBucket(TOLD_PER_SECOND, nowMs, TOLD_AT_ONCE);
      this.#buckets.set(name, bucket);
    }
    if (!bucket.take(1, nowMs)) return void this.#more.set(name, (this.#more.get(name) ?? 0) + 1);
    const told = about();
    const { message } = told;
    const isLong = typeof message === "string" && message.length > MAX_WORDS;
    this.#append(kind, isLong ? { ...told, message: `${message.slice(0, MAX_WORDS)}…` } : told);
  }

  #append(event: string, told: object): void {
    const data = Buffer.from(JSON.stringify(told));
    // Into memory: it fails only where the server is going down.
    this.#log.append(EVENTS, [{ event, kind: "json", data }]).catch(() => undefined);
  }
}
