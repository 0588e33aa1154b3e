import { TidingsError } from "./errors.ts";
import { quote } from "./names.ts";

const SEGMENT = /^(?:\*|[A-Za-z0-9._~-]+)$/;

/**
 * Compiles a pattern of channel names: `*` stands for one segment, a last `**` for the rest (one segment or more);
 * `**` alone is every channel, but those of the system, which a pattern names by its own `$`.
 *
 * @throws {TidingsError} `CONFIG_INVALID`
 */
export function compilePattern(pattern: string): (channel: string) => boolean {
  const isSystem = pattern.startsWith("$");
  const segments = (isSystem ? pattern.slice(1) : pattern).split("/");
  const takesRest = segments.at(-1) === "**";
  if (takesRest) segments.pop();
  if (pattern === "" || !segments.every((segment) => SEGMENT.test(segment))) {
    throw new TidingsError(
      "CONFIG_INVALID",
      `${quote(pattern)} is not a channel pattern; write segments parted by slashes, "*" for one of any name and ` +
        'a last "**" for all the rest, such as "evals/*/logs" or "evals/**".',
    );
  }
  const source = segments.map((segment) => (segment === "*" ? "[^/$][^/]*" : segment.replaceAll(".", "\\.")));
  if (takesRest) source.push("[^$].*");
  const expression = new RegExp(`^${isSystem ? "\\$" : ""}${source.join("/")}$`);
  return (channel) => expression.test(channel);
}
