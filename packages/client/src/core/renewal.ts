import type { Off, Tuning } from "../types.ts";
import { after, backoffMs } from "./backoff.ts";
import type { Tokens } from "./context.ts";

/** The application is not asked ahead of time more often than this, whatever its tokens say, in milliseconds. */
const LEAST_MS = 1_000;

/**
 * A part: tokens that say when they expire are asked for ahead of that, on their own while somebody listens. One that cannot be renewed
 * stays in use.
 */
export const renewal = (
  tokens: Tokens,
  tuning: Pick<Tuning, "renewMs" | "backoffMs" | "maxBackoffMs">,
): Required<Tokens> => {
  const listeners = new Set<(token: string) => void>();
  let known: string | undefined;
  let renewAtMs = Infinity;
  let failures = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const arm = (): void => {
    clearTimeout(timer);
    // It may be a timer's longest time that is over, and not the token's.
    if (listeners.size && renewAtMs < Infinity) timer = after(renewAtMs - Date.now(), () => void get());
  };

  /** Another try comes ahead of its end; where it has none ahead, after a pause. */
  const plan = (leftMs: number): void => {
    const { renewMs } = tuning;
    if (leftMs > 0) failures = 0;
    // One that lives shorter than it is renewed ahead is renewed halfway.
    const pauseMs = leftMs > 0 ? Math.max(leftMs - renewMs, leftMs / 2) : backoffMs(++failures, tuning);
    renewAtMs = Date.now() + Math.max(LEAST_MS, pauseMs);
    arm();
  };

  const learn = (token: string | undefined): string | undefined => {
    if (token && token !== known) {
      plan(expiryOf(token) - Date.now());
      for (const listener of listeners) listener(token);
    }
    return (known = token);
  };

  const get = async (): Promise<string | undefined> => {
    const token = learn(await tokens.get());
    if (Date.now() < renewAtMs) return (arm(), token);
    // Until there is another one.
    plan(0);
    return tokens.renew(token).then(learn, () => token);
  };

  const onRenewed = (listener: (token: string) => void): Off => {
    listeners.add(listener);
    arm();
    return () => {
      listeners.delete(listener);
      arm();
    };
  };

  return {
    get,
    renew: async (refused) => learn(await tokens.renew(refused)),
    onRenewed,
    /** Tells the live connection each new token. Only while one depends on it: an idle client asks for none. */
    follow({ report }, requests) {
      let off: Off | undefined;
      requests.onChange(() => {
        off?.();
        const { connection } = requests;
        off =
          connection &&
          onRenewed((token) => {
            (connection.request?.({ type: "token", token }) ?? connection.patch?.({ token }))?.catch(report);
          });
      });
    },
  };
};

/** When a JWT (RFC 7519 §4.1.4) expires, in milliseconds since the epoch; whatever else it is does not. */
const expiryOf = (token: string): number => {
  try {
    const claims = token.split(".")[1] as string;
    return JSON.parse(atob(claims.replace(/-/g, "+").replace(/_/g, "/"))).exp * 1_000 || Infinity;
  } catch {
    return Infinity;
  }
};
