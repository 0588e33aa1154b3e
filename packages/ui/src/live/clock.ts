import { type Signal, signal } from "@preact/signals";

const TICK_MS = 1_000;

/** Now, in milliseconds since the epoch, once a second: what ages reads it, and is drawn anew by itself. */
export const now: Signal<number> = signal(Date.now());

setInterval(() => {
  if (!document.hidden) now.value = Date.now();
}, TICK_MS);
document.addEventListener("visibilitychange", () => (now.value = Date.now()));
