import { type Signal, signal } from "@preact/signals";
import { ALL_RUNS, type ListFilter, type Sort } from "../../logic/run-list.ts";

/** Of this tab: it is the same on the way back from a run. */
export const filter: Signal<ListFilter> = signal(ALL_RUNS);
/** The run that was opened last: on the way back it has the focus again. */
export const opened: { id: string | undefined } = { id: undefined };
export const sort: Signal<Sort> = signal("state");
