import type { IncomingMessage } from "node:http";
import { isOwnCode, LineDecoder, sliceMember, TidingsError } from "@tidings/protocol";
import type { Invocation } from "./invocation.ts";
import { CommandError } from "./fault.ts";

/** What may pass: a connection's fault, or a backend that is not there for the moment. */
export class Again extends Error {
  readonly fault: TidingsError;

  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.fault = new TidingsError("COMMAND_UNAVAILABLE", message, {}, cause);
  }
}

const PASSING = new Set([502, 503, 504]);
/** A line has more than its data. */
const LINE_ROOM = 1_024;

/**
 * Reads what a backend answered: JSON or nothing, lines of progress, or a problem (RFC 9457). Whatever else it is, its
 * body is not passed on.
 *
 * @throws {CommandError} for the backend's own fault
 * @throws {Again} where the same request may be answered another time
 * @throws {TidingsError} `COMMAND_FAILED`, `COMMAND_UNAVAILABLE`
 */
export async function readAnswer(
  response: IncomingMessage,
  invocation: Invocation,
  maxBytes: number,
): Promise<string | undefined> {
  const status = response.statusCode ?? 0;
  const type = (response.headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  if (status === 204) {
    response.resume();
    return undefined;
  }
  if (status === 200 && /^application\/x?-?ndjson$/.test(type))
    return readLines(response, invocation, maxBytes);
  if (status === 200 && /^application\/(?:json|[a-z0-9.+-]+\+json)$/.test(type)) {
    const text = await readText(response, maxBytes);
    try {
      JSON.parse(text);
    } catch (cause) {
      throw new TidingsError("COMMAND_FAILED", "the backend answered JSON that cannot be read.", {}, cause);
    }
    return text;
  }
  if (type === "application/problem+json" && status >= 400 && !PASSING.has(status))
    throw problemOf(status, await readText(response, maxBytes));
  // Nothing of it is wanted; reading it to its end would let a backend hold the call.
  response.destroy();
  const met = `the backend answered ${status}${type === "" ? "" : ` with ${type.slice(0, 80)}`}`;
  if (PASSING.has(status)) throw new Again(`${met}.`);
  if (status >= 500) throw new TidingsError("COMMAND_UNAVAILABLE", `${met}.`);
  throw new TidingsError("COMMAND_FAILED", `${met}; it must be JSON, NDJSON, 204, or a problem.`);
}

async function readText(response: IncomingMessage, maxBytes: number): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const part of response as AsyncIterable<Buffer>) {
      size += part.length;
      if (size > maxBytes)
        throw new TidingsError("COMMAND_FAILED", `the backend answered more than ${maxBytes} bytes.`);
      parts.push(part);
    }
  } catch (error) {
    if (error instanceof TidingsError) throw error;
    throw new Again("the connection to the backend broke in its answer.", error);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(parts));
  } catch (cause) {
    throw new TidingsError("COMMAND_FAILED", "the backend answered what is not UTF-8.", {}, cause);
  }
}

/** `progress` lines, and then one of `ok` or `error`; other types are passed over. */
async function readLines(
  response: IncomingMessage,
  invocation: Invocation,
  maxBytes: number,
): Promise<string | undefined> {
  const lines: string[] = [];
  const decoder = new LineDecoder((line) => lines.push(line), {
    maxLineLength: maxBytes + LINE_ROOM,
    fatal: true,
  });
  let hasTold = false;
  try {
    for await (const part of response as AsyncIterable<Buffer>) {
      decoder.push(part);
      for (const line of lines.splice(0)) {
        const frame = JSON.parse(line) as { readonly type?: unknown } | null;
        if (frame?.type === "progress") {
          hasTold = true;
          // Reading waits as the caller does: what the backend sends meanwhile stays in its own connection.
          await invocation.progressJson(sliceMember(line, "data") ?? "null");
        } else if (frame?.type === "ok") return sliceMember(line, "data");
        else if (frame?.type === "error") throw problemOf(422, line);
      }
    }
  } catch (error) {
    if (error instanceof TidingsError || error instanceof CommandError) throw error;
    if (invocation.signal.aborted) throw error;
    if (error instanceof SyntaxError || error instanceof RangeError || error instanceof TypeError)
      throw new TidingsError("COMMAND_FAILED", "the backend sent a line that cannot be read.", {}, error);
    throw ended(hasTold, error);
  }
  throw ended(hasTold);
}

/** Told parts cannot be taken back, so such a request is not tried again. */
function ended(hasTold: boolean, cause?: unknown): Error {
  const again = new Again("the backend's answer ended before its last line.", cause);
  return hasTold ? again.fault : again;
}

/** A problem, or an `error` line, as the command's own fault; without a code that can be one, `HTTP_<status>`. */
function problemOf(status: number, text: string): Error {
  let problem: Readonly<Record<string, unknown>>;
  try {
    problem = JSON.parse(text) as Readonly<Record<string, unknown>>;
    if (typeof problem !== "object" || problem === null) throw new TypeError("not an object");
  } catch (cause) {
    return new TidingsError(
      "COMMAND_FAILED",
      `the backend answered ${status} with a problem that cannot be read.`,
      {},
      cause,
    );
  }
  const { code, retryable, data } = problem;
  const said = [problem["detail"], problem["message"], problem["title"]].find(
    (each) => typeof each === "string",
  );
  const own = typeof problem["status"] === "number" ? problem["status"] : status;
  const isStatus = Number.isInteger(own) && own >= 400 && own <= 599;
  return new CommandError(isOwnCode(code) ? code : `HTTP_${status}`, String(said ?? "the backend refused."), {
    status: isStatus ? own : status,
    retryable: retryable === true,
    ...(data === undefined ? {} : { data }),
  });
}
