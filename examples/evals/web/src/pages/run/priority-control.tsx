import { useSignal } from "@preact/signals";
import { attempt, Button } from "@tidings/ui";
import type { JSX } from "preact";
import { useEffect, useId } from "preact/hooks";
import type { Evaluation } from "../../../../shared/evaluation.ts";
import { LIMITS } from "../../../../shared/limits.ts";
import { changeRun } from "../../live/api.ts";
import { me } from "../../live/identity.ts";

/** Of one that waits: moves it in the queue. */
export function PriorityControl({ run }: { readonly run: Evaluation }): JSX.Element {
  const id = useId();
  const typed = useSignal(String(run.priority));
  const isBusy = useSignal(false);
  useEffect(() => {
    typed.value = String(run.priority); // somebody else may have changed it
  }, [run.priority]);
  const save = async (): Promise<void> => {
    isBusy.value = true;
    await attempt(async () => changeRun(run.id, { priority: Number(typed.value), by: me() }));
    isBusy.value = false;
  };
  return (
    <form
      class="fact fact-form"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <label for={id}>
        <b>Priority</b>
      </label>
      <input
        id={id}
        class="input input-short"
        type="number"
        min={-LIMITS.maxPriority}
        max={LIMITS.maxPriority}
        required
        value={typed.value}
        onInput={(event) => (typed.value = event.currentTarget.value)}
      />
      {typed.value !== String(run.priority) && (
        <Button type="submit" look="primary" isBusy={isBusy.value}>
          Set
        </Button>
      )}
    </form>
  );
}
