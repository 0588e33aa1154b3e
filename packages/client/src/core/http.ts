import { TidingsError } from "../errors.ts";
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
    const content = json === undefined ? body : JSON.stringify(json);
    // What is no header is thrown as it is: it is no fault of the network's.
    const all = new Headers(
      said({
        "content-type": json === undefined ? json : "application/json",
        accept,
        ...options.headers,
        ...headers,
      }),
    );
    const stop = new AbortController();
    const abort = (): void => stop.abort();
    const timer = timeoutMs && after(timeoutMs, abort);
    signal?.addEventListener("abort", abort);
    if (signal?.aborted) abort();
    try {
      let token = await tokens.get();
      for (let isSecond = false; ; isSecond = true) {
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
        } as RequestInit);
        if (response.ok || response.status === 304)
          return timeoutMs && response.body ? new Response(await response.blob(), response) : response;
        const error = await problemOf(response);
        const next = error.code === "UNAUTHENTICATED" && !isSecond ? await tokens.renew(token) : token;
        if (next === token) throw error;
        token = next;
      }
    } catch (cause) {
      if (signal?.aborted) throw new TidingsError("ABORTED", "given up.", { cause });
      if (cause instanceof TidingsError) throw cause;
      throw new TidingsError("UNREACHABLE", `${url} cannot be reached, or took too long.`, {
        retryable: true,
        cause,
      });
    } finally {
      clearTimeout(timer);
      // The body of one without a time is read for as long as its caller wants.
      if (timeoutMs) signal?.removeEventListener("abort", abort);
    }
  };

/** What an answer says that is none: a problem of the server's, or whatever stands before it. */
const problemOf = async (response: Response): Promise<TidingsError> => {
  const { status, headers } = response;
  const fault = Object(await response.json().catch(() => 0)) as Fault;
  const after = headers.get("retry-after") as string;
  const afterMs = Number(after) * 1_000 || Date.parse(after) - Date.now();
  const isPassing = /408|429|50[234]/.test(String(status));
  return faultOf(
    {
      code: status === 401 ? "UNAUTHENTICATED" : isPassing ? "UNREACHABLE" : "TRANSPORT_BLOCKED",
      message: `answered with ${status}.`,
      retryable: isPassing || status > 499,
      ...(typeof fault.code === "string" && fault),
    },
    status,
    afterMs > 0 ? Math.min(MAX_RETRY_AFTER_MS, afterMs) : undefined,
  );
};

/** A fault as the application is told of it: with a command's own data, or all that the server tells. */
export const faultOf = (fault: Fault, status?: number, retryAfterMs?: number): TidingsError => {
  const { code, message, detail = message, retryable = false, data = fault } = fault;
  return new TidingsError(code as string, detail as string, { retryable, data, status, retryAfterMs });
};

/** Without what is `undefined`, which headers and queries would say as a word. */
export const said = (members: object): Record<string, string> => JSON.parse(JSON.stringify(members));
