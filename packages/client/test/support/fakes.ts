import { createHttp } from "../../src/core/http.ts";
import { renewal } from "../../src/core/renewal.ts";
import { createTokens } from "../../src/core/tokens.ts";
import type { Context } from "../../src/core/context.ts";
import type { Requests } from "../../src/core/requests.ts";
import type { Answer, Connection, RequestFrame, RequestOptions } from "../../src/core/transport.ts";
import { DEFAULT_TUNING } from "../../src/core/tuning.ts";
import { closedError, type TidingsError } from "../../src/errors.ts";
import type { Options, Tuning } from "../../src/types.ts";

/** How a link begins. */
export type Begin = Partial<Pick<Requests, "connection" | "isOnline" | "state">>;

/** A link whose connection a test says. */
export interface FakeRequests extends Requests {
  readonly sends: number;
  change(now: Begin): void;
}

export function fakeRequests(begin: Begin = {}): FakeRequests {
  const listeners = new Set<() => void>();
  let state: Required<Begin> = {
    connection: undefined,
    state: { name: "idle", sinceMs: 0 },
    isOnline: true,
    ...begin,
  };
  let sends = 0;
  return {
    get state() {
      return state.state;
    },
    get connection() {
      return state.connection;
    },
    get isOnline() {
      return state.isOnline;
    },
    get sends() {
      return sends;
    },
    sent() {
      if (state.state.name === "closed") throw closedError();
      sends++;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    change(now) {
      state = { ...state, ...now };
      for (const listener of [...listeners]) listener();
    },
  };
}

/** Pauses are short, so that tests are. */
const QUICK: Tuning = { ...DEFAULT_TUNING, backoffMs: 10, maxBackoffMs: 50, requestMs: 2_000 };

/** The real thing, for a server's URL; what is reported is kept. */
export function contextOf(
  url: string,
  options: Options = {},
  tuning: Partial<Tuning> = {},
): Context & { readonly reported: TidingsError[] } {
  const all = { ...QUICK, ...tuning };
  const tokens = renewal(createTokens(options, all), all);
  const reported: TidingsError[] = [];
  return {
    url,
    options,
    tuning: all,
    tokens,
    http: createHttp({ url, options, tuning: all, tokens }),
    report: (error) => void reported.push(error),
    parse: (text) => JSON.parse(text) as unknown,
    reported,
  };
}

/** One request that was made of a {@link FakeAsker}, until the test answers it. */
export interface Asked {
  readonly frame: RequestFrame;
  readonly options: RequestOptions | undefined;
  resolve(answer?: Answer): void;
  reject(error: Error): void;
}

/** A connection whose answers a test gives. */
export interface FakeAsker extends Required<Connection> {
  readonly asked: readonly Asked[];
  /** Resolves once so many requests were made. */
  until(count: number): Promise<Asked>;
  /** Ends it: whatever has no answer is lost. */
  lose(error: Error): void;
}

export function fakeAsker(): FakeAsker {
  const asked: Asked[] = [];
  const open = new Set<Asked>();
  let wake = (): void => undefined;
  return {
    asked,
    change: () => undefined,
    close: () => undefined,
    hold: () => undefined,
    owed: () => open.size,
    request: (frame, options) =>
      new Promise((resolve, reject) => {
        const one: Asked = {
          frame,
          options,
          resolve: (answer = {}) => void (open.delete(one) && resolve(answer)),
          reject: (error) => void (open.delete(one) && reject(error)),
        };
        open.add(one);
        asked.push(one);
        wake();
      }),
    async until(count) {
      while (asked.length < count) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return asked[count - 1] as Asked;
    },
    lose(error) {
      for (const one of [...open]) one.reject(error);
    },
  };
}
