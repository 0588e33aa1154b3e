import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import {
  type Advice,
  advise,
  completeNeeds,
  type NeedName,
  type Needs,
  needsWith,
  type NeedValue,
  USE_CASES,
} from "@tidings/protocol";

/** What a visitor needs; always whole and valid, as what is not is refused by {@link change}. */
export const needs: Signal<Needs> = signal(completeNeeds(USE_CASES[0]?.needs ?? {}));
/** The use case that it began with; `""` for what a visitor says by themselves. */
export const useCase: Signal<string> = signal(USE_CASES[0]?.name ?? "");
/** What is written in a field, and why it is not taken. */
export const refusedNeed: Signal<{ readonly name: NeedName; readonly why: string } | undefined> =
  signal(undefined);

export const advised: ReadonlySignal<Advice> = computed(() => advise(needs.value));

export function choose(name: string): void {
  useCase.value = name;
  refusedNeed.value = undefined;
  // "Your own" begins with what is there.
  if (name !== "") needs.value = completeNeeds(USE_CASES.find((each) => each.name === name)?.needs ?? {});
}

export function change(name: NeedName, value: NeedValue): void {
  try {
    needs.value = needsWith(needs.value, name, value);
    useCase.value = "";
    refusedNeed.value = undefined;
  } catch (error) {
    refusedNeed.value = { name, why: (error as Error).message };
  }
}
