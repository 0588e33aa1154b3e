import { TidingsError } from "../errors.ts";
import type { Options, Tuning } from "../types.ts";
import { after, backoffMs } from "./backoff.ts";
import type { Tokens } from "./context.ts";

/** The application is not asked ahead of time more often than this, whatever its tokens say, in milliseconds. */
const LEAST_MS = 1_000;

/** @param now the clock that tokens expire by, in milliseconds */
export const createTokens = (
  { token: source }: Pick<Options, "token">,
  tuning: Pick<Tuning, "renewMs" | "requestMs" | "backoffMs" | "maxBackoffMs">,
  now: () => number = Date.now,
): Tokens => {
  const listeners = new Set<(token: string) => void>();
  let current = typeof source === "function" ? undefined : source;
  let renewAtMs = Infinity;
  let failures = 0;
  let asking: Promise<string | undefined> | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const arm = (): void => {
    clearTimeout(timer);
    // It may be a timer's longest time that is over, and not the token's.
    if (listeners.size && current && renewAtMs < Infinity)
      timer = after(renewAtMs - now(), () => void get().then(arm));
  };

  /** The application, once for all that ask at the same time. */
  const ask = (): Promise<string | undefined> =>
    (asking ??= (async () => {
      let pauseMs: number | undefined;
      let late: ReturnType<typeof setTimeout> | undefined;
      try {
        const token = await Promise.race([
          new Promise<string | undefined>((resolve) => resolve((source as () => string)())),
          new Promise<never>((_, reject) => (late = after(tuning.requestMs, reject))),
        ]);
        const leftMs = expiryOf(token) - now();
        // One that lives shorter than it is renewed ahead is renewed halfway.
        if (leftMs > 0) pauseMs = Math.max(leftMs - tuning.renewMs, leftMs / 2);
        if (token && token !== current) for (const listener of listeners) listener(token);
        return (current = token);
      } catch (cause) {
        throw new TidingsError("UNAUTHENTICATED", "options.token failed.", { retryable: true, cause });
      } finally {
        clearTimeout(late);
        asking = undefined;
        failures = pauseMs ? 0 : failures + 1;
        renewAtMs = now() + Math.max(LEAST_MS, pauseMs ?? backoffMs(failures, tuning));
        arm();
      }
    })());

  const get = async (): Promise<string | undefined> =>
    typeof source !== "function" || (current && now() < renewAtMs)
      ? current
      : // What is about to expire is better than nothing.
        ask().catch((error) => {
          if (current) return current;
          throw error;
        });

  return {
    get,
    renew: async (refused) => (typeof source === "function" && refused === current ? ask() : current),
    onRenewed(listener) {
      listeners.add(listener);
      arm();
      return () => {
        listeners.delete(listener);
        arm();
      };
    },
  };
};

/** When a JWT (RFC 7519 §4.1.4) expires, in milliseconds since the epoch; whatever else it is does not. */
const expiryOf = (token: string | undefined): number => {
  try {
    const claims = (token as string).split(".")[1] as string;
    return JSON.parse(atob(claims.replace(/-/g, "+").replace(/_/g, "/"))).exp * 1_000 || Infinity;
  } catch {
    return Infinity;
  }
};
