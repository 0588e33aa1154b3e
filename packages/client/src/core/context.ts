import type { TidingsError } from "../errors.ts";
import type { Requests } from "./requests.ts";
import type { FetchAnswer, Off, Options, Tuning } from "../types.ts";

/** What all rooms of the client share. */
export interface Context {
  /** The server's root, without a slash at its end. */
  readonly url: string;
  readonly options: Options;
  readonly tuning: Tuning;
  readonly http: Http;
  readonly tokens: Tokens;
  /** Tells the application of a fault that no call of it waits for. */
  readonly report: (error: TidingsError) => void;
  /** How many hold the client interactive. */
  readonly holds?: (() => number) | undefined;
  /** Reads JSON as the application asked for. */
  readonly parse: (text: string) => unknown;
}

export interface HttpRequest {
  /** Default GET, with a body POST. */
  readonly method?: string | undefined;
  readonly headers?: Readonly<Record<string, string | undefined>> | undefined;
  /** The media type that is understood. */
  readonly accept?: string | undefined;
  readonly body?: BodyInit | undefined;
  /** Sent as JSON. */
  readonly json?: unknown;
  readonly signal?: AbortSignal | undefined;
  /**
   * For the whole answer, in milliseconds: reading its body ends with it too. Default `tuning.requestMs`; 0: none, until `signal`.
   */
  readonly timeoutMs?: number | undefined;
}

export interface Http {
  /**
   * Asks the server with the credential, and after a 401 once more with a new one. Resolves for 2xx and 304.
   *
   * @throws {TidingsError} the problem's code (RFC 9457); for an answer without one `UNREACHABLE` (408, 429, 5xx, network,
   *   timeout, aborted), `UNAUTHENTICATED` (401) or `TRANSPORT_BLOCKED` (any other: it is not the server's)
   */
  (path: string, request?: HttpRequest): Promise<FetchAnswer>;
}

export interface Tokens {
  /** The credential in use; asks the application where there is none or it is about to expire. */
  get(): Promise<string | undefined>;
  /** A new one, since `refused` was. One request of the application's for all that ask at the same time. */
  readonly renew: (refused: string | undefined) => Promise<string | undefined>;
  /** Called with each new token while somebody listens: it is renewed `tuning.renewMs` before it expires then. */
  onRenewed?(listener: (token: string) => void): Off;
  /** Tells the connection that is live each new token. */
  follow?(context: Pick<Context, "report">, requests: Requests): void;
}
