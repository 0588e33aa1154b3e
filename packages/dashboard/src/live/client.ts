import { type Signal, signal } from "@preact/signals";
import { connect, type State, type Tidings } from "@tidings/client";
import { credential, refusal, ROOT } from "./session.ts";

/** The longest pause before a lost connection is tried again, in milliseconds: somebody sits in front of this page. */
const MAX_BACKOFF_MS = 3_000;

/** One connection for all that the page reads. */
export const tidings: Tidings = connect(ROOT, {
  token: credential,
  // It listens; whatever it sends goes by REST.
  tuning: { maxBackoffMs: MAX_BACKOFF_MS, burstSends: 0, steadyMinutes: 0 },
});

export const connection: Signal<State> = signal(tidings.state);
/** When it was live last, milliseconds since the epoch; `undefined` before it ever was. */
export const liveUntil: Signal<number | undefined> = signal(undefined);

tidings.on("state", (state) => {
  if (connection.peek().name === "live" && state.name !== "live") liveUntil.value = Date.now();
  connection.value = state;
  if (state.name === "closed" && state.reason?.code === "UNAUTHENTICATED")
    refusal.value = { status: 401, message: state.reason.message };
});
tidings.on("error", ({ code, message }) => {
  if (code === "FORBIDDEN") refusal.value = { status: 403, message };
  else if (code === "UNAUTHENTICATED") refusal.value = { status: 401, message };
  else console.warn(`${code}: ${message}`);
});

/** Calls `back` each time that the connection is live after it was not. Answers what ends that. */
export function onBack(back: () => void): () => void {
  let wasLive = connection.peek().name === "live";
  return tidings.on("state", ({ name }) => {
    if (name === "live" && !wasLive) back();
    wasLive = name === "live";
  });
}
