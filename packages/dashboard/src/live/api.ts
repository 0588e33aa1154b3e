import { credential, refusal, ROOT } from "./session.ts";

/** How long an answer is waited for, in milliseconds. */
const TIMEOUT_MS = 10_000;

/** What the server refused, in its own words; `status` 0 where it could not be reached. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  readonly code: string | undefined;

  constructor(status: number, code: string | undefined, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export type Query = Readonly<Record<string, string | number | undefined>>;

/** A path below the server's root. Members of the query that are `undefined` or empty are left out. */
export function urlOf(path: string, query: Query = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return `${ROOT}/${path}${text === "" ? "" : `?${text}`}`;
}

/** @throws {ApiError} what the server refused, or that it cannot be reached */
export async function get<Answer>(url: string, signal?: AbortSignal): Promise<Answer> {
  const response = await request("GET", url, signal);
  return (await response.json()) as Answer;
}

/** @throws {ApiError} as {@link get} */
export async function remove(url: string): Promise<void> {
  await request("DELETE", url);
}

async function request(method: string, url: string, signal?: AbortSignal): Promise<Response> {
  const headers = {
    Accept: "application/json",
    ...(credential === undefined ? {} : { Authorization: `Bearer ${credential}` }),
  };
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  const response = await fetch(url, {
    method,
    headers,
    // What is shown is what is now.
    cache: "no-store",
    signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
  }).catch((error: unknown) => {
    if (signal?.aborted === true) throw error;
    throw new ApiError(0, undefined, "The server does not answer.");
  });
  if (!response.ok) throw await faultOf(response);
  return response;
}

async function faultOf(response: Response): Promise<ApiError> {
  const { status } = response;
  const problem = (await response.json().catch(() => ({}))) as {
    readonly code?: string;
    readonly detail?: string;
    readonly title?: string;
  };
  const message = problem.detail ?? problem.title ?? `The server answered ${status}.`;
  if (status === 401 || (status === 403 && problem.code === "FORBIDDEN")) refusal.value = { status, message };
  return new ApiError(status, problem.code, message);
}
