import { type Signal, signal } from "@preact/signals";

/** How long one is shown, in milliseconds; a fault stays twice as long. */
const SHOWN_MS = 5_000;
const MAX_SHOWN = 4;

export interface Toast {
  readonly id: number;
  readonly text: string;
  readonly isFault: boolean;
}

export const toasts: Signal<readonly Toast[]> = signal([]);
let last = 0;

export function say(text: string, { isFault = false }: { readonly isFault?: boolean } = {}): void {
  const id = ++last;
  toasts.value = [...toasts.value, { id, text, isFault }].slice(-MAX_SHOWN);
  setTimeout(() => dismiss(id), isFault ? 2 * SHOWN_MS : SHOWN_MS);
}

export function dismiss(id: number): void {
  toasts.value = toasts.value.filter((toast) => toast.id !== id);
}

/** Does what may fail, and says so where it does. Answers whether it was done. */
export async function attempt(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    say(error instanceof Error ? error.message : String(error), { isFault: true });
    return false;
  }
}
