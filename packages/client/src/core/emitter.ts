import type { Off } from "../types.ts";

export type Listener = (...values: never[]) => void;

/** Listeners by the name of what they listen for. One that throws is told, and keeps nobody else from hearing. */
export interface Emitter {
  on(name: string, listener: Listener): Off;
  /** Answers whether anybody listened. */
  emit(name: string, ...values: unknown[]): boolean;
  readonly size: number;
}

export function createEmitter(failed: (error: unknown) => void): Emitter {
  const all = new Map<string, Set<Listener>>();
  return {
    get size() {
      return all.size;
    },
    on(name, listener) {
      // The same function may listen twice, and each is ended by its own.
      const own: Listener = (...values) => listener(...values);
      const set = all.get(name) ?? new Set();
      all.set(name, set.add(own));
      return () => {
        set.delete(own);
        if (set.size === 0 && all.get(name) === set) all.delete(name);
      };
    },
    emit(name, ...values) {
      const set = all.get(name);
      for (const listener of [...(set ?? [])]) {
        try {
          listener(...(values as never[]));
        } catch (error) {
          failed(error);
        }
      }
      return set !== undefined;
    },
  };
}
