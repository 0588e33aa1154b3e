import { type Signal, signal } from "@preact/signals";
import { keep, readKept } from "@tidings/ui";
import { ANONYMOUS } from "../../../shared/evaluation.ts";

const KEY = "evals.name";

/** What others see; empty until somebody has said it. Kept in this browser. */
export const myName: Signal<string> = signal(readKept(KEY) ?? "");
/** Whether the page asks for it now. */
export const isAsking: Signal<boolean> = signal(false);

/** Of this tab: the same person in two tabs is there twice. */
export const tabId: string = crypto.randomUUID().slice(0, 8);

export function setName(name: string): void {
  myName.value = name.trim();
  keep(KEY, myName.value);
}

/** Who it is, as the server is told. */
export function me(): string {
  return myName.peek() === "" ? ANONYMOUS : myName.peek();
}
