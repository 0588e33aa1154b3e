import type { Context, Http, HttpRequest } from "../../src/core/context.ts";
import { DEFAULT_TUNING } from "../../src/core/tuning.ts";
import { TidingsError } from "../../src/errors.ts";
import type { Options, Tuning } from "../../src/types.ts";

/** A context as the client makes one, with an `http` that knows no tokens. */
export interface TestContext extends Context {
  /** What was reported to the application. */
  readonly reports: TidingsError[];
  /** What was asked over HTTP so far: `PATCH /connections/…`. */
  readonly asked: string[];
}

export function testContext(
  url: string,
  options: Options = {},
  tuning: Partial<Tuning> = {},
  token?: string,
): TestContext {
  const reports: TidingsError[] = [];
  const asked: string[] = [];
  return {
    url,
    options,
    tuning: { ...DEFAULT_TUNING, ...tuning },
    tokens: {
      get: async () => Promise.resolve(token),
      renew: async () => Promise.resolve(token),
      onRenewed: () => () => undefined,
    },
    http: simpleHttp(url, asked, tuning.requestMs ?? DEFAULT_TUNING.requestMs),
    report: (error) => void reports.push(error),
    parse: options.parse ?? ((text) => JSON.parse(text) as unknown),
    reports,
    asked,
  };
}

function simpleHttp(url: string, asked: string[], requestMs: number): Http {
  return async (path, request = {}) => {
    const { json, signal, timeoutMs = requestMs } = request;
    const method = request.method ?? (json === undefined ? "GET" : "POST");
    asked.push(`${method} ${path}`);
    const time = timeoutMs === 0 ? [] : [AbortSignal.timeout(timeoutMs)];
    try {
      const response = await fetch(url + path, {
        method,
        headers: headersOf(request),
        ...(json === undefined ? {} : { body: JSON.stringify(json) }),
        signal: AbortSignal.any([...time, ...(signal === undefined ? [] : [signal])]),
      });
      if (response.ok || response.status === 304) return response;
      throw await problemOf(response);
    } catch (cause) {
      if (cause instanceof TidingsError) throw cause;
      if (signal?.aborted === true) throw new TidingsError("ABORTED", "given up", { cause });
      throw new TidingsError("UNREACHABLE", "the server cannot be reached", { retryable: true, cause });
    }
  };
}

function headersOf({ headers, accept, json }: HttpRequest): Headers {
  const all = new Headers(json === undefined ? {} : { "content-type": "application/json" });
  if (accept !== undefined) all.set("accept", accept);
  for (const [name, value] of Object.entries(headers ?? {})) if (value !== undefined) all.set(name, value);
  return all;
}

async function problemOf(response: Response): Promise<TidingsError> {
  const { status } = response;
  const text = await response.text();
  try {
    const { code, detail, retryable, channel } = JSON.parse(text) as Record<string, unknown>;
    if (typeof code === "string")
      return new TidingsError(code, String(detail), {
        status,
        retryable: retryable === true,
        data: { channel },
      });
  } catch {
    // a page of somebody who stands between
  }
  const isPassing = [408, 429, 502, 503, 504].includes(status);
  return new TidingsError(isPassing ? "UNREACHABLE" : "TRANSPORT_BLOCKED", `status ${status}`, {
    status,
    retryable: isPassing,
  });
}
