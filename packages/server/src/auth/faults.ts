import { TidingsError } from "@tidings/protocol";
import type { Right } from "@tidings/core";

/** No credential, or none that holds: 401, and the client may come with another one. */
export function unauthenticated(reason: string, cause?: unknown): TidingsError {
  return new TidingsError("UNAUTHENTICATED", reason, {}, cause);
}

/** A credential that holds, and is not for this. The name is the asker's own, so it may be told. */
export function forbidden(right: Right, name: string): TidingsError {
  const what = right === "command" ? `the command "${name}"` : `channel "${name}"`;
  return new TidingsError(
    "FORBIDDEN",
    `the credential has no ${right} grant for ${what}; ask for a token or key that has.`,
  );
}
