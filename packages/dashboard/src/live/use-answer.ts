import { type ReadonlySignal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { ApiError, get } from "./api.ts";
import { onBack } from "./client.ts";

export interface Answer<Value> {
  /** The newest there is, which may be of another URL until the first answer of this one. */
  readonly value: Value | undefined;
  readonly url: string | undefined;
  /** Why there is no newer one. */
  readonly fault: string | undefined;
  /** Whether there is nothing there, or nothing for whoever asks: it is not asked again. */
  readonly isGone: boolean;
}

/** How long after typing the server is asked, in milliseconds. */
const SETTLE_MS = 150;

/**
 * What the server answers to a `GET`, asked again every `everyMs` while the page is seen, when the connection is back, and when `url`
 * changes. `everyMs` `Infinity`: asked once.
 */
export function useAnswer<Value>(url: string, everyMs: number): ReadonlySignal<Answer<Value>> {
  const answer = useSignal<Answer<Value>>({
    value: undefined,
    url: undefined,
    fault: undefined,
    isGone: false,
  });
  useEffect(() => {
    const ended = new AbortController();
    let timer: ReturnType<typeof setTimeout>;
    let isAsking = false;
    const ask = async (): Promise<void> => {
      if (isAsking) return;
      isAsking = true;
      clearTimeout(timer);
      try {
        if (!document.hidden) {
          const value = await get<Value>(url, ended.signal);
          if (!ended.signal.aborted) answer.value = { value, url, fault: undefined, isGone: false };
        }
      } catch (error) {
        if (ended.signal.aborted) return;
        const isGone = error instanceof ApiError && (error.status === 403 || error.status === 404);
        const fault = error instanceof Error ? error.message : String(error);
        answer.value = { ...answer.peek(), fault, isGone };
        if (isGone) ended.abort();
      }
      isAsking = false;
      if (!ended.signal.aborted && Number.isFinite(everyMs)) timer = setTimeout(again, everyMs);
    };
    const again = (): void => void ask();
    timer = setTimeout(again, answer.peek().url === undefined ? 0 : SETTLE_MS);
    const offBack = onBack(again);
    document.addEventListener("visibilitychange", again);
    return () => {
      ended.abort();
      clearTimeout(timer);
      offBack();
      document.removeEventListener("visibilitychange", again);
    };
  }, [url, everyMs]);
  return answer;
}
