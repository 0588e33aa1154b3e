import { batch, computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { onceAFrame } from "@tidings/ui";
import { LIST_CHANNEL, type Summary } from "../../../shared/channels.ts";
import { type Kind } from "../../../shared/manifest.ts";
import { fetchKinds } from "./api.ts";
import { onBack, tidings } from "./client.ts";

const rows = new Map<string, Signal<Summary>>();
const waiting = new Map<string, Summary | undefined>();
const version = signal(0);
const isRead = signal(false);
const fault: Signal<string | undefined> = signal(undefined);

/** `loading` until the list has told all that there is. */
export const listState: ReadonlySignal<"loading" | "ready" | "failed"> = computed(() =>
  fault.value !== undefined ? "failed" : isRead.value ? "ready" : "loading",
);
export const listFault: ReadonlySignal<string | undefined> = fault;

/** All runs, each a signal of its own: a change of one draws its row anew, and no other. */
export const runs: ReadonlySignal<readonly Signal<Summary>[]> = computed(() => {
  void version.value;
  return [...rows.values()];
});

export const summaries: ReadonlySignal<readonly Summary[]> = computed(() =>
  runs.value.map((run) => run.value),
);

export function summaryOf(id: string): Signal<Summary> | undefined {
  void version.value; // whoever asks in an effect is asked again once it is there
  return rows.get(id);
}

const flush = onceAFrame(() => {
  batch(() => {
    let hasNew = false;
    for (const [id, summary] of waiting) {
      const row = rows.get(id);
      if (summary === undefined) hasNew = rows.delete(id) || hasNew;
      else if (row !== undefined) row.value = summary;
      else {
        rows.set(id, signal(summary));
        hasNew = true;
      }
    }
    waiting.clear();
    if (hasNew) version.value++;
  });
});

const channel = tidings.channel<{ evaluation: Summary }>(LIST_CHANNEL);
const take = (id: string, summary?: Summary): void => {
  waiting.set(id, summary);
  flush();
};
channel.on("evaluation", (summary) => take(summary.id, summary));
channel.on("deleted", (id) => take(id));
channel.on("caught-up", () => {
  flush();
  isRead.value = true;
});
channel.on("error", (error) => (fault.value = error.message));

/** What can be started; `undefined` until the server has said. */
export const kinds: Signal<readonly Kind[] | undefined> = signal(undefined);
export const kindsFault: Signal<string | undefined> = signal(undefined);

export async function loadKinds(): Promise<void> {
  try {
    kinds.value = await fetchKinds();
    kindsFault.value = undefined;
  } catch (error) {
    kindsFault.value = error instanceof Error ? error.message : String(error);
  }
}

void loadKinds();
onBack(() => void loadKinds());
