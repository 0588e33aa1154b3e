/**
 * Why text is no JSON, for an error's sentence. Engines quote what they found, which may be a message's body or a secret, and
 * errors are logged by whoever meets them: of what they say only the place is told on.
 */
export function jsonFault(cause: unknown): string {
  if (!(cause instanceof SyntaxError)) return "it is not UTF-8";
  const place = / at position \d+(?: \(line \d+ column \d+\))?$/.exec(cause.message)?.[0];
  if (place !== undefined) return `something is wrong${place}`;
  return /^Un(?:expected end|terminated)/.test(cause.message)
    ? "it ends too early"
    : "a character has no place there";
}
