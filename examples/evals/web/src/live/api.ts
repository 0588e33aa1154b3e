import type { CreateBody, Evaluation, LogLines, LogMatches, PatchBody } from "../../../shared/evaluation.ts";
import type { Kind } from "../../../shared/manifest.ts";
import type { FieldError, Problem } from "../../../shared/problem.ts";

/** What the server answered where it did not do what it was asked; `UNREACHABLE` where it did not answer. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly code: string;
  readonly status: number;
  readonly errors: readonly FieldError[];

  constructor(code: string, message: string, status: number = 0, errors: readonly FieldError[] = []) {
    super(message);
    this.code = code;
    this.status = status;
    this.errors = errors;
  }
}

interface Request {
  readonly method?: "GET" | "POST" | "PATCH" | "DELETE";
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

async function ask<Answer>(
  path: string,
  { method = "GET", body, headers, signal }: Request = {},
): Promise<Answer> {
  let response: Response;
  try {
    response = await fetch(`/api${path}`, {
      method,
      headers: { ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    if (signal?.aborted === true) throw error;
    throw new ApiError("UNREACHABLE", "The server cannot be reached. Try again once the connection is back.");
  }
  if (!response.ok) throw await faultOf(response);
  return (response.status === 204 ? undefined : await response.json()) as Answer;
}

async function faultOf(response: Response): Promise<ApiError> {
  const isProblem = response.headers.get("Content-Type")?.includes("problem+json") === true;
  if (!isProblem)
    return new ApiError("UNEXPECTED", `The server answered ${response.status}.`, response.status);
  const { code, title, detail, errors } = (await response.json()) as Partial<Problem>;
  return new ApiError(
    code ?? "UNEXPECTED",
    detail ?? title ?? "The server refused.",
    response.status,
    errors,
  );
}

const pathOf = (id: string): string => `/evaluations/${encodeURIComponent(id)}`;

export async function fetchKinds(): Promise<readonly Kind[]> {
  return (await ask<{ readonly kinds: readonly Kind[] }>("/kinds")).kinds;
}

export async function fetchRun(id: string): Promise<Evaluation> {
  return ask(pathOf(id));
}

/** The same `key` again starts nothing new. */
export async function startRun(body: CreateBody, key: string): Promise<Evaluation> {
  return ask("/evaluations", { method: "POST", body, headers: { "Idempotency-Key": key } });
}

export async function stopRun(id: string, by: string): Promise<unknown> {
  return ask(`${pathOf(id)}/stop`, { method: "POST", body: { by } });
}

export async function startAgain(id: string, createdBy: string, key: string): Promise<Evaluation> {
  const headers = { "Idempotency-Key": key };
  return ask(`${pathOf(id)}/again`, { method: "POST", body: { createdBy }, headers });
}

export async function deleteRun(id: string): Promise<unknown> {
  return ask(pathOf(id), { method: "DELETE" });
}

export async function changeRun(id: string, body: PatchBody): Promise<Evaluation> {
  return ask(pathOf(id), { method: "PATCH", body });
}

export async function sendComment(id: string, by: string, text: string): Promise<unknown> {
  return ask(`${pathOf(id)}/comments`, { method: "POST", body: { by, text } });
}

export async function fetchLines(
  id: string,
  from: number,
  count: number,
  signal?: AbortSignal,
): Promise<LogLines> {
  return ask(`${pathOf(id)}/log/lines?from=${from}&count=${count}`, signal === undefined ? {} : { signal });
}

export interface LogQuery {
  readonly text: string;
  readonly level: string;
  readonly after: number;
  readonly limit: number;
}

export async function searchLog(id: string, query: LogQuery, signal: AbortSignal): Promise<LogMatches> {
  const { text, level, after, limit } = query;
  const search = new URLSearchParams({ text, after: String(after), limit: String(limit) });
  if (level !== "") search.set("level", level);
  return ask(`${pathOf(id)}/log/search?${search}`, { signal });
}

/** Bytes `from` to `to` of a file, both with, and the size of all of it. */
export async function fetchBytes(
  url: string,
  from: number,
  to: number,
): Promise<{ readonly bytes: Uint8Array; readonly size: number }> {
  const response = await fetch(url, { headers: { Range: `bytes=${from}-${to}` } });
  if (!response.ok) throw await faultOf(response);
  const bytes = new Uint8Array(await response.arrayBuffer());
  // Without ranges all of it came: the size is what is here.
  const total = /\/(\d+)$/.exec(response.headers.get("Content-Range") ?? "")?.[1];
  return { bytes, size: total === undefined ? bytes.length : Number(total) };
}
