import { type FieldError, PROBLEMS, type ProblemCode } from "../shared/problem.ts";

/** What the platform refuses, or what it could not do: REST answers it as a problem, a command as its own fault. */
export class Fault extends Error {
  override readonly name = "Fault";
  readonly code: ProblemCode;
  readonly errors: readonly FieldError[] | undefined;

  constructor(code: ProblemCode, message: string, errors?: readonly FieldError[]) {
    super(message);
    this.code = code;
    this.errors = errors;
  }

  get status(): number {
    return PROBLEMS[this.code].status;
  }
}

/** Everything that is wrong with a request, at once. */
export function invalid(errors: readonly FieldError[]): Fault {
  const said = errors.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`));
  return new Fault("VALIDATION_FAILED", said.join("; "), errors);
}
