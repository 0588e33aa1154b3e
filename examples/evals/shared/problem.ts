/** Where in a request what is wrong: `path` joins names with dots, `""` is the whole body. */
export interface FieldError {
  readonly path: string;
  readonly message: string;
}

/** The codes of the platform's own problems, each with its HTTP status and title. */
export const PROBLEMS = {
  VALIDATION_FAILED: { status: 422, title: "Something in the request is not as it must be" },
  BODY_INVALID: { status: 400, title: "The body is not JSON" },
  BODY_TOO_LARGE: { status: 413, title: "The body is too large" },
  CONTENT_TYPE_UNSUPPORTED: { status: 415, title: "The body's type is not application/json" },
  HOST_FORBIDDEN: { status: 403, title: "The request came by another name" },
  ORIGIN_FORBIDDEN: { status: 403, title: "The request was made by another site's page" },
  NOT_FOUND: { status: 404, title: "There is nothing here" },
  METHOD_NOT_ALLOWED: { status: 405, title: "The method is not known here" },
  KIND_UNKNOWN: { status: 422, title: "There is no evaluation of this kind" },
  EVALUATION_UNKNOWN: { status: 404, title: "There is no such evaluation" },
  ARTIFACT_UNKNOWN: { status: 404, title: "There is no such artifact" },
  IDEMPOTENCY_KEY_INVALID: { status: 400, title: "The Idempotency-Key is not one" },
  IDEMPOTENCY_KEY_REUSED: { status: 422, title: "The Idempotency-Key was used for another request" },
  NOT_ENDED: { status: 409, title: "The evaluation has not ended" },
  ALREADY_ENDED: { status: 409, title: "The evaluation has ended" },
  NOT_LIVE: { status: 409, title: "The parameter cannot be changed while it runs" },
  NOT_RUNNING: { status: 409, title: "The evaluation does not run" },
  NOT_QUEUED: { status: 409, title: "The evaluation has begun" },
  NOT_DEBUGGABLE: { status: 409, title: "The evaluation has no checkpoints" },
  EVALUATION_REFUSED: { status: 409, title: "The evaluation did not take it" },
  EVALUATION_SILENT: { status: 504, title: "The evaluation did not answer in time" },
  RANGE_INVALID: { status: 416, title: "The range is outside of the file" },
  QUEUE_FULL: { status: 503, title: "Too many evaluations wait" },
  TOO_MANY_EVALUATIONS: { status: 507, title: "Too many evaluations are kept" },
  DRAINING: { status: 503, title: "The server is being stopped" },
  INTERNAL: { status: 500, title: "The server failed" },
} as const satisfies Record<string, { readonly status: number; readonly title: string }>;

export type ProblemCode = keyof typeof PROBLEMS;

/** A fault as REST answers it (RFC 9457). */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ProblemCode;
  readonly errors?: readonly FieldError[];
}
