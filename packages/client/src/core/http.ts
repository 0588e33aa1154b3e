import { passingError, TidingsError } from "../errors.ts";
import type { FetchAnswer, FetchRequest } from "../types.ts";
import { after } from "./backoff.ts";
import type { Context, Http } from "./context.ts";

/** The longest that a server's `Retry-After` is believed, in milliseconds. */
const MAX_RETRY_AFTER_MS = 300_000;

/** What a problem (RFC 9457), an `error` frame or line says. */
export interface Fault {
  readonly code?: unknown;
  readonly detail?: string;
  readonly message?: string;
  readonly retryable?: boolean;
  readonly data?: unknown;
}

export const createHttp =
  ({ url, options, tuning, tokens }: Pick<Context, "url" | "options" | "tuning" | "tokens">): Http =>
  async (path, { method, headers, accept, body, json, signal, timeoutMs = tuning.requestMs } = {}) => {
    // What is no header is thrown as it is: it is no fault of the network's.
    const all = new Headers(
      copyOf({
        accept,
        "content-type": json === undefined ? json : "application/json",
        ...options.headers,
        ...headers,
      }),
    );
    // No Blob: Node.js reads one as a stream, which costs more CPU than all else of a request (250 µs of 450).
    const content = body ?? JSON.stringify(json);
    const stop = new AbortController();
    const abort = (): void => stop.abort();
    // Also for the body, which is read later. It is never cleared: what is over by then is not aborted by it, but holds no process open.
    if (timeoutMs) (after(timeoutMs, abort) as { unref?(): void }).unref?.();
    signal?.addEventListener("abort", abort, { signal: stop.signal });
    if (signal?.aborted) abort();

    const send = async (token: string | undefined, isSecond?: boolean): Promise<FetchAnswer> => {
      if (token) all.set("authorization", `Bearer ${token}`);
      // Called as a function, since that of a browser takes no other `this`.
      const response = await (options.fetch ?? fetch)(url + path, {
        method: method ?? (content ? "POST" : "GET"),
        headers: all,
        body: content,
        credentials: options.credentials,
        // Frameworks patch `fetch` to keep answers.
        cache: "no-store",
        signal: stop.signal,
      } as FetchRequest);
      const { status } = response;
      if (response.ok || status === 304) return response;
      // A problem of the server's, or of whatever stands before it: that says nothing that begins as the server's codes do.
      const fault = await response.json().catch(() => 0);
      const isPassing = /408|429|5../.test(status as unknown as string);
      const code = status === 401 ? "UNAUTHENTICATED" : isPassing ? "UNREACHABLE" : "TRANSPORT_BLOCKED";
      const asked = response.headers.get("retry-after") as string;
      const afterMs = Number(asked) * 1_000 || Date.parse(asked) - Date.now();
      const error = faultOf(
        /^[A-Z]/.test(fault?.code)
          ? { retryable: isPassing, ...fault }
          : { code, message: `answered with ${status}.`, retryable: status !== 401 },
        status,
        afterMs > 0 ? Math.min(MAX_RETRY_AFTER_MS, afterMs) : undefined,
      );
      const next = !isSecond && error.code === "UNAUTHENTICATED" && (await tokens.renew(token));
      if (!next || next === token) throw error;
      return send(next, true);
    };

    try {
      return await send(await tokens.get());
    } catch (cause) {
      throw passingError("UNREACHABLE", `${url} cannot be reached.`, cause);
    }
  };

/** A fault as the application is told of it: with a command's own data, or all that the server tells. */
export const faultOf = (fault: Fault, status?: number, retryAfterMs?: number): TidingsError => {
  const { code, message, detail = message, retryable, data = fault } = fault;
  return new TidingsError(code as string, detail as string, { retryable, data, status, retryAfterMs });
};

/**
 * A value as JSON has it at this moment: what is `undefined`, which headers and queries would say as a word, is not in it.
 *
 * @throws {TidingsError} `PAYLOAD_INVALID`
 */
export const copyOf = <Value>(value: Value): Value extends object ? Record<string, string> : unknown => {
  try {
    return JSON.parse(JSON.stringify(value));
  } catch (cause) {
    throw new TidingsError("PAYLOAD_INVALID", "JSON cannot say it.", { cause });
  }
};

/** What `fetch` sends: JSON, or text and bytes of a type. Without anything it is empty. */
export const bodyOf = (data: unknown, type?: string): Blob =>
  new Blob([type ? (data as BlobPart) : (JSON.stringify(data) ?? "")], { type: type ?? "application/json" });

/** What nobody else is called: 128 random bits. */
export const newName = (): string => `t${crypto.getRandomValues(new Uint32Array(4)).join("-")}`;
