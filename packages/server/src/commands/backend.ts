import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { setTimeout as pause } from "node:timers/promises";
import { TidingsError } from "@tidings/protocol";
import { Again, readAnswer } from "./backend-answer.ts";
import type { Invocation } from "./invocation.ts";
import type { Route } from "./registry.ts";
import { keyOfSecret, signatureHeaders } from "./sign.ts";

/** Commands that an HTTP backend answers. */
export interface CommandBackend {
  /** Names: `*` stands for one segment, a last `**` for the rest, as in `"evals.*"`. */
  readonly pattern: string;
  /** Where they are sent by POST: an http or https URL. */
  readonly url: string;
  /** Signs each request (Standard Webhooks): `whsec_…`, or `env:NAME` for the variable that holds it. Default: unsigned. */
  readonly secret?: string | undefined;
  /** How long one may take where its caller does not say, in milliseconds. Default `limits.commandTimeoutMs`. */
  readonly timeoutMs?: number | undefined;
  /** How often a call is tried again that has an idempotency key, when the backend cannot be reached. Default 2. */
  readonly retries?: number | undefined;
}

const DEFAULT_RETRIES = 2;
const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 2_000;
const MAX_SOCKETS = 256;

/** Sends commands to HTTP backends, over connections that are kept. */
export class Backends {
  readonly #maxBytes: number;
  readonly #http: HttpAgent = new HttpAgent({ keepAlive: true, maxSockets: MAX_SOCKETS });
  readonly #https: HttpsAgent = new HttpsAgent({ keepAlive: true, maxSockets: MAX_SOCKETS });

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** @throws {TidingsError} `CONFIG_INVALID` for a secret or a URL that cannot be used */
  route(backend: CommandBackend): Route {
    const { url, secret, retries = DEFAULT_RETRIES, timeoutMs } = backend;
    const target = URL.canParse(url) ? new URL(url) : undefined;
    if (target === undefined || !/^https?:$/.test(target.protocol))
      throw new TidingsError(
        "CONFIG_INVALID",
        `the backend of ${backend.pattern} needs an http or https URL.`,
      );
    const key = secret === undefined ? undefined : keyOfSecret(secret, process.env);
    if (secret !== undefined && key === undefined) {
      throw new TidingsError(
        "CONFIG_INVALID",
        `the secret of ${backend.pattern} is not whsec_ and 16 to 128 bytes as base64, nor env: and a variable with one.`,
      );
    }
    return { timeoutMs, run: (invocation) => this.#run(target, key, retries, invocation) };
  }

  close(): void {
    this.#http.destroy();
    this.#https.destroy();
  }

  async #run(
    url: URL,
    key: Buffer | undefined,
    retries: number,
    invocation: Invocation,
  ): Promise<string | undefined> {
    const { idempotencyKey, signal } = invocation;
    const tries = idempotencyKey === undefined ? 1 : retries + 1;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#try(url, key, invocation);
      } catch (error) {
        if (!(error instanceof Again)) throw error;
        if (attempt >= tries) throw error.fault;
        await pause(backoffMs(attempt), undefined, { signal });
      }
    }
  }

  async #try(url: URL, key: Buffer | undefined, invocation: Invocation): Promise<string | undefined> {
    const { name, input = NOTHING, idempotencyKey, signal, caller } = invocation;
    const headers = {
      ...(input === NOTHING ? {} : { "Content-Type": "application/json" }),
      "Content-Length": String(input.length),
      Accept: "application/json, application/x-ndjson, application/problem+json",
      "User-Agent": "tidings",
      "Tidings-Command": name,
      ...(caller.subject === undefined ? {} : { "Tidings-Subject": encodeURIComponent(caller.subject) }),
      ...(idempotencyKey === undefined ? {} : { "Idempotency-Key": encodeURI(idempotencyKey) }),
      ...signatureHeaders(key, input, Date.now()),
    };
    const response = await this.#ask(url, headers, input, signal);
    return readAnswer(response, invocation, this.#maxBytes);
  }

  #ask(
    url: URL,
    headers: Readonly<Record<string, string>>,
    body: Uint8Array,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const isHttps = url.protocol === "https:";
      const options = { method: "POST", headers, signal, agent: isHttps ? this.#https : this.#http };
      const sent = (isHttps ? httpsRequest : httpRequest)(url, options, resolve);
      sent.on("error", (cause) => {
        const reason = (cause as NodeJS.ErrnoException).code ?? cause.name;
        reject(new Again(`the backend of the command cannot be reached (${reason}).`, cause));
      });
      sent.end(body);
    });
  }
}

const NOTHING = new Uint8Array(0);

/** Twice as long each time, from half of it to the whole, so that callers that failed together do not return together. */
function backoffMs(attempt: number): number {
  return Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempt - 1)) * (0.5 + Math.random() / 2);
}
