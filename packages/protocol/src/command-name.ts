import { ERRORS, TidingsError } from "./errors.ts";
import { MAX_COMMAND_NAME_BYTES } from "./limits.ts";
import { quote } from "./names.ts";

const NAME = /^[A-Za-z0-9_~-]+(?:\.[A-Za-z0-9_~-]+)*$/;
const SEGMENT = /^(?:\*|[A-Za-z0-9_~-]+)$/;
const OWN_CODE = /^[A-Z][A-Z0-9_]{0,63}$/;

/**
 * Checks a command's name: 1–255 bytes of `A-Z a-z 0-9 _ ~ -` in segments parted by single dots, none of them empty.
 *
 * @throws {TidingsError} `COMMAND_NAME_INVALID`
 */
export function checkCommandName(name: string): string {
  if (name.length > 0 && name.length <= MAX_COMMAND_NAME_BYTES && NAME.test(name)) return name;
  const found =
    name.length > MAX_COMMAND_NAME_BYTES ? `a name of ${name.length} characters` : `the name ${quote(name)}`;
  throw new TidingsError(
    "COMMAND_NAME_INVALID",
    `${found} is not a command's; use 1 to ${MAX_COMMAND_NAME_BYTES} bytes of A-Z a-z 0-9 _ ~ - in segments ` +
      'parted by single dots, such as "evals.stop".',
  );
}

/**
 * Compiles a pattern of command names: `*` stands for one segment, a last `**` for the rest (one segment or more).
 *
 * @throws {TidingsError} `CONFIG_INVALID`
 */
export function compileCommandPattern(pattern: string): (name: string) => boolean {
  const segments = pattern.split(".");
  const takesRest = segments.at(-1) === "**";
  if (takesRest) segments.pop();
  const isValid =
    pattern !== "" &&
    pattern.length <= MAX_COMMAND_NAME_BYTES &&
    segments.every((segment) => SEGMENT.test(segment));
  if (!isValid) {
    throw new TidingsError(
      "CONFIG_INVALID",
      `${quote(pattern)} is not a command pattern; write segments parted by dots, "*" for one of any name and a last ` +
        '"**" for all the rest, such as "evals.*" or "evals.**".',
    );
  }
  const source = segments.map((segment) => (segment === "*" ? "[^.]+" : segment));
  if (takesRest) source.push(".+");
  const expression = new RegExp(`^${source.join("\\.")}$`);
  return (name) => expression.test(name);
}

/** Whether a code can be a command's own: `[A-Z][A-Z0-9_]{0,63}`, and none that the server tells by itself. */
export function isOwnCode(code: unknown): code is string {
  return typeof code === "string" && OWN_CODE.test(code) && !Object.hasOwn(ERRORS, code);
}
