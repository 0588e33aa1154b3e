import type { AuthOptions } from "../../auth/index.ts";
import { type Config, isLoopbackHost } from "../../config/index.ts";
import type { ConfigFlags } from "../config/flags.ts";
import { EXIT, Failure } from "../exit.ts";

/** Flags by which `tidings key create` finds the file that the server will read. */
const KEY_FILE_FLAGS = ["config", "data", "keys"];

/**
 * Refuses to serve a network where nobody is asked who they are, and says the two commands that make it right.
 *
 * @throws {Failure}
 */
export function refuseCarelessness(
  config: Config,
  auth: AuthOptions | undefined,
  flags: ConfigFlags,
  args: readonly string[],
): void {
  if (!isCareless(config, auth)) return;
  throw new Failure(
    EXIT.usage,
    `the server has no authentication, and ${config.host} can be reached from a network. Make a key, and start it again:\n` +
      `  ${keyCommand(flags)}\n` +
      `  ${["tidings", ...args].map(quoted).join(" ")}\n` +
      "A network that you trust can be served without, with --open.",
  );
}

/** Whether a network would be served without authentication, and without having been asked to. */
export function isCareless({ host, open }: Config, auth: AuthOptions | undefined): boolean {
  return auth === undefined && !open && !isLoopbackHost(host);
}

/** Makes a key that may do everything, in the file that a server with these flags reads. */
export function keyCommand(flags: ConfigFlags): string {
  const same = KEY_FILE_FLAGS.flatMap((name) => {
    const value = flags[name];
    return typeof value === "string" ? [`--${name}`, value] : [];
  });
  return ["tidings", "key", "create", "--name", "admin", "--admin", "**", ...same].map(quoted).join(" ");
}

/** A word as a POSIX shell takes it unchanged. */
function quoted(word: string): string {
  return /^[A-Za-z0-9_./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
