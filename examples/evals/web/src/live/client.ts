import { type Signal, signal } from "@preact/signals";
import { connect, type State, type Tidings } from "@tidings/client";
import { say } from "@tidings/ui";
import { BASE_PATH } from "../../../shared/channels.ts";
import type { Commands } from "../../../shared/evaluation.ts";

/** The longest pause before a lost connection is tried again, in milliseconds: somebody sits in front of this page. */
const MAX_BACKOFF_MS = 5_000;

/** One connection for all that the page reads and asks. */
export const tidings: Tidings<Commands> = connect<Commands>(location.origin + BASE_PATH, {
  tuning: { maxBackoffMs: MAX_BACKOFF_MS },
});

export const connection: Signal<State> = signal(tidings.state);
/** When it was live last, milliseconds since the epoch; `undefined` before it ever was. */
export const liveUntil: Signal<number | undefined> = signal(undefined);

tidings.on("state", (state) => {
  if (connection.peek().name === "live" && state.name !== "live") liveUntil.value = Date.now();
  connection.value = state;
});

// Lines of a log that are gone from its channel are in its file; what is gone from others is to be known.
tidings.on("gap", ({ channel, missed }) => {
  if (!channel.endsWith("/log"))
    say(`${missed ?? "Some"} messages of ${channel} are gone, and not shown`, { isFault: true });
});
// What no part of the page is there to be told: it is said all the same.
tidings.on("error", ({ message }) => say(message, { isFault: true }));

/** Calls `back` each time that the connection is live again after it was lost, or could not be opened. Answers what ends that. */
export function onBack(back: () => void): () => void {
  let wasDown = false;
  return tidings.on("state", ({ name }) => {
    if (name === "waiting" || name === "offline") wasDown = true;
    if (name !== "live" || !wasDown) return;
    wasDown = false;
    back();
  });
}
