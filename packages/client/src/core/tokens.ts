import { TidingsError } from "../errors.ts";
import type { Options, Tuning } from "../types.ts";
import { after } from "./backoff.ts";
import type { Tokens } from "./context.ts";

/** What the application gives, asked for once for all who ask at the same time, and kept until it is refused. */
export const createTokens = (
  { token: source }: Pick<Options, "token">,
  { requestMs }: Pick<Tuning, "requestMs">,
): Tokens => {
  let current: string | undefined;
  let asking: Promise<string | undefined> | undefined;

  const ask = (): Promise<string | undefined> =>
    (asking ??= (async () => {
      let late: ReturnType<typeof setTimeout> | undefined;
      try {
        return (current = await Promise.race([
          (async () => (typeof source === "function" ? source() : source))(),
          new Promise<never>((_, reject) => (late = after(requestMs || Infinity, reject))),
        ]));
      } catch (cause) {
        throw new TidingsError("UNAUTHENTICATED", "options.token failed.", { retryable: true, cause });
      } finally {
        clearTimeout(late);
        asking = undefined;
      }
    })());

  return {
    get: async () => current ?? ask(),
    renew: async (refused) => (refused === current ? ask() : current),
  };
};
