import type { ErrorCode } from "@tidings/protocol";
import type { About } from "../insight/index.ts";

/** Named also while there are none: a series that comes and goes makes poor graphs. */
const LIMITS: readonly ErrorCode[] = [
  "RATE_LIMITED",
  "TOO_MANY_CONNECTIONS",
  "TOO_MANY_CHANNELS",
  "TOO_MANY_COMMANDS",
  "MESSAGE_TOO_LARGE",
  "BATCH_TOO_LARGE",
  "FRAME_TOO_LARGE",
  "HEADERS_TOO_LARGE",
  "URL_TOO_LONG",
  "REQUEST_TIMEOUT",
  "PRESENCE_FULL",
  "LOG_FULL",
];

/** Told of each refusal; `about` costs something, and need not be asked. MUST NOT throw. */
export type OnRefused = (code: ErrorCode, about: () => About) => void;

/** How often peers were told no, by code: the codes are a table, so this is bounded whatever they do. */
export class Refusals {
  readonly #onRefused: OnRefused;
  readonly #counts = new Map<ErrorCode, number>(LIMITS.map((code) => [code, 0]));

  constructor(onRefused: OnRefused = () => undefined) {
    this.#onRefused = onRefused;
  }

  get counts(): ReadonlyMap<ErrorCode, number> {
    return this.#counts;
  }

  /** Something was refused; `about` tells an operator what. */
  count(code: ErrorCode, about: () => About): void {
    this.#counts.set(code, (this.#counts.get(code) ?? 0) + 1);
    this.#onRefused(code, about);
  }
}
