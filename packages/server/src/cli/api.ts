import { ERRORS, type ErrorCode } from "@tidings/protocol";
import { describeError, EXIT, Failure } from "./exit.ts";

/** Where the server is, and the credential to show it. */
export interface Server {
  /** Without a slash at the end. */
  readonly url: string;
  readonly token: string | undefined;
}

/** The server did not answer: it is not there, or the connection broke. */
export class UnreachableError extends Failure {
  /** Whether the request surely did not reach the server: then it has had no effect. */
  readonly wasNotSent: boolean;

  constructor(server: Server, cause: unknown) {
    const reason = networkReason(cause);
    super(EXIT.unreachable, `${server.url} cannot be reached: ${reason.text}`, cause);
    this.wasNotSent = reason.wasNotSent;
  }
}

/** The server answered with a problem (RFC 9457). */
export class RefusedError extends Failure {
  readonly status: number;
  readonly code: string | undefined;
  readonly isRetryable: boolean;
  /** The problem as it came, for `--json`. */
  readonly problem: unknown;

  constructor(status: number, body: string) {
    const problem = readProblem(body);
    const code = typeof problem?.["code"] === "string" ? problem["code"] : undefined;
    super(EXIT.refused, describeProblem(status, code, problem));
    this.status = status;
    this.code = code;
    this.problem = problem ?? { status };
    this.isRetryable =
      code !== undefined && Object.hasOwn(ERRORS, code)
        ? ERRORS[code as ErrorCode].retryable
        : status === 408 || status === 429 || status >= 500;
  }
}

/**
 * Asks the server, and answers its response where that is a good one. The path begins with a slash.
 *
 * @throws {UnreachableError} when there is no answer
 * @throws {RefusedError} when the answer is a problem
 */
export async function ask(server: Server, path: string, request: RequestInit = {}): Promise<Response> {
  const headers = new Headers(request.headers);
  for (const [name, value] of Object.entries(credentialHeaders(server))) headers.set(name, value);
  let response: Response;
  try {
    response = await fetch(server.url + path, { ...request, headers, redirect: "follow" });
  } catch (error) {
    throw new UnreachableError(server, error);
  }
  if (response.ok || response.status === 304) return response;
  throw new RefusedError(response.status, await response.text().catch(() => ""));
}

/** Reads an answer's JSON; a connection that breaks in the middle is as no answer. */
export async function readJson<T>(server: Server, response: Response): Promise<T> {
  let text: string;
  try {
    text = await response.text();
  } catch (error) {
    throw new UnreachableError(server, error);
  }
  try {
    return parseExact(text) as T;
  } catch (error) {
    throw new Failure(
      EXIT.failure,
      `${server.url} answered something that is not JSON; is it a Tidings server?`,
      error,
    );
  }
}

export function credentialHeaders(server: Server): Record<string, string> {
  return server.token === undefined ? {} : { authorization: `Bearer ${server.token}` };
}

interface RawJson {
  rawJSON(text: string): unknown;
}
type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;

/**
 * Parses JSON so that `JSON.stringify` writes every number as it was published: those with more digits than a double
 * holds are kept as text (ECMAScript "JSON.parse source text access").
 */
export function parseExact(text: string): unknown {
  if (!/\d{16}|\d[eE][+-]?\d{3}/.test(text.replaceAll(".", ""))) return JSON.parse(text);
  const keep: Reviver = (_key, value, { source }) =>
    typeof value === "number" && source !== undefined && String(value) !== source
      ? (JSON as unknown as RawJson).rawJSON(source)
      : value;
  return JSON.parse(text, keep as Parameters<typeof JSON.parse>[1]);
}

function readProblem(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const problem = JSON.parse(body) as unknown;
    return typeof problem === "object" && problem !== null ? (problem as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function describeProblem(
  status: number,
  code: string | undefined,
  problem: ReturnType<typeof readProblem>,
): string {
  if (code === undefined)
    return `the server answered ${status}, and not as a Tidings server does; is the URL right?`;
  const sentence = [problem?.["detail"], problem?.["title"]].find((text) => typeof text === "string");
  return `${code}: ${sentence ?? `status ${status}`}`;
}

/** Faults of a network that come before a request is sent. */
const NOT_SENT: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there (connection refused)",
  ENOTFOUND: "there is no such host",
  EAI_AGAIN: "its name cannot be looked up now",
  EHOSTUNREACH: "there is no way to the host",
  ENETUNREACH: "there is no way to its network",
  UND_ERR_CONNECT_TIMEOUT: "connecting took too long",
};

function networkReason(error: unknown): { readonly text: string; readonly wasNotSent: boolean } {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const code = (at as NodeJS.ErrnoException).code;
    const known = typeof code === "string" ? NOT_SENT[code] : undefined;
    if (known !== undefined) return { text: known, wasNotSent: true };
    if (at.name === "TimeoutError") return { text: "it took too long to answer", wasNotSent: false };
  }
  return { text: describeError(error), wasNotSent: false };
}
