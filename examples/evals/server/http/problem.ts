import * as v from "valibot";
import { LIMITS } from "../../shared/limits.ts";
import { type FieldError, type Problem, type ProblemCode, PROBLEMS } from "../../shared/problem.ts";
import { Fault, invalid } from "../fault.ts";

/** Seconds after which a client may try again what was refused for a fault that passes. */
const RETRY_AFTER_SECONDS = 5;

/** A fault as a problem document (RFC 9457 §3). */
export function problemResponse(
  code: ProblemCode,
  detail: string,
  {
    errors,
    headers,
  }: { readonly errors?: readonly FieldError[] | undefined; readonly headers?: Record<string, string> } = {},
): Response {
  const { status, title } = PROBLEMS[code];
  const problem: Problem = {
    type: `urn:tidings-evals:problem:${code}`,
    title,
    status,
    detail,
    code,
    ...(errors === undefined ? {} : { errors }),
  };
  return new Response(JSON.stringify(problem), {
    status,
    headers: {
      "Content-Type": "application/problem+json",
      "Cache-Control": "no-store",
      "X-Content-Type-Options": "nosniff",
      ...(status === 503 ? { "Retry-After": String(RETRY_AFTER_SECONDS) } : {}),
      ...headers,
    },
  });
}

/** @throws {Fault} `VALIDATION_FAILED` with everything that is wrong */
export function check<Schema extends v.GenericSchema>(schema: Schema, value: unknown): v.InferOutput<Schema> {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  throw invalid(result.issues.map((issue) => ({ path: v.getDotPath(issue) ?? "", message: issue.message })));
}

/**
 * The JSON of a request's body; none at all is `{}` where it may be left out.
 *
 * @throws {Fault} `BODY_TOO_LARGE`, `CONTENT_TYPE_UNSUPPORTED`, `BODY_INVALID`, `VALIDATION_FAILED`
 */
export async function readBody<Schema extends v.GenericSchema>(
  request: Request,
  schema: Schema,
  { mayBeEmpty = false }: { readonly mayBeEmpty?: boolean } = {},
): Promise<v.InferOutput<Schema>> {
  const text = await readText(request);
  if (text === "" && mayBeEmpty) return check(schema, {});
  // A form of another site's page cannot say this type without being asked first (Fetch, "CORS-safelisted request-header").
  const type = request.headers.get("content-type") ?? "";
  if (!/^application\/json\s*(?:;|$)/i.test(type)) {
    const said = type === "" ? "no type" : `the type "${type.slice(0, 100)}"`;
    throw new Fault("CONTENT_TYPE_UNSUPPORTED", `the body has ${said}; send application/json.`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Fault("BODY_INVALID", `the body is not JSON: ${(error as Error).message}.`);
  }
  return check(schema, value);
}

/** Of what comes no more is held than may come. By hand: Hono's own needs the global `Request` replaced by its own. */
async function readText(request: Request): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of request.body ?? []) {
    bytes += part.length;
    if (bytes > LIMITS.maxBodyBytes)
      throw new Fault("BODY_TOO_LARGE", `the body has more than ${LIMITS.maxBodyBytes} bytes.`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}
