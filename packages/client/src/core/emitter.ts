import { TidingsError } from "../errors.ts";
import type { Off } from "../types.ts";

export type Listener = (...values: never[]) => void;

/** Listeners by the name of what they listen for. One that throws is told of, and keeps nobody else from hearing. */
export interface Emitter {
  readonly on: (name: string, listener: Listener) => Off;
  /** Answers whether anybody listened. */
  emit(name: string, ...values: unknown[]): boolean;
  readonly size: number;
}

export const createEmitter = (report: (error: TidingsError) => void): Emitter => {
  const all = new Set<readonly [name: string, listener: Listener]>();
  return {
    get size() {
      return all.size;
    },
    on(name, listener) {
      // The same function may listen twice, and each is ended by its own.
      const own = [name, listener] as const;
      all.add(own);
      return () => all.delete(own);
    },
    emit(name, ...values) {
      const heard = [...all].filter(([each]) => each === name);
      for (const [, listener] of heard) {
        try {
          listener(...(values as never[]));
        } catch (cause) {
          report(new TidingsError("LISTENER_FAILED", "a listener threw.", { cause }));
        }
      }
      return !!heard[0];
    },
  };
};
