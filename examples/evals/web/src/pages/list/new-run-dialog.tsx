import { useSignal } from "@preact/signals";
import { Button, Dialog, EmptyState, Field, Loading } from "@tidings/ui";
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { useLocation } from "preact-iso/router";
import { LIMITS } from "../../../../shared/limits.ts";
import { ApiError, startRun } from "../../live/api.ts";
import { me, myName, setName } from "../../live/identity.ts";
import { kinds, kindsFault, loadKinds } from "../../live/list.ts";
import { faultsByField } from "../../logic/parameter-input.ts";
import { NewRunFields } from "./new-run-fields.tsx";
import { bodyOf, draftOf, faultsOf, fieldsOf } from "./new-run-draft.ts";

/** Asks for a kind and its parameters, as its manifest says, and starts it. */
export function NewRunDialog({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const all = kinds.value;
  return (
    <Dialog title="New run" onClose={onClose} isWide>
      {all === undefined && kindsFault.value === undefined && <Loading what="what can be run" />}
      {all === undefined && kindsFault.value !== undefined && (
        <EmptyState title="What can be run is not known" isFault>
          {kindsFault.value} <Button onClick={() => void loadKinds()}>Try again</Button>
        </EmptyState>
      )}
      {all?.length === 0 && (
        <EmptyState title="There is nothing to run">
          Put an evaluation.json into the evaluations folder.
        </EmptyState>
      )}
      {all !== undefined && all.length > 0 && <NewRunForm onClose={onClose} />}
    </Dialog>
  );
}

function NewRunForm({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const { route } = useLocation();
  const all = kinds.value ?? [];
  const kindName = useSignal(all[0]?.name ?? "");
  const isNameless = useMemo(() => myName.peek() === "", []);
  const name = useSignal("");
  const kind = all.find((one) => one.name === kindName.value) ?? all[0];
  const draft = useSignal(draftOf(kind));
  const faults = useSignal<Readonly<Record<string, string>>>({});
  const isBusy = useSignal(false);
  // One for what is asked: the same body sent again after a lost answer starts nothing twice.
  const key = useMemo(() => crypto.randomUUID(), [JSON.stringify(draft.value), kindName.value]);

  const start = async (): Promise<void> => {
    if (kind === undefined) return;
    isBusy.value = true;
    if (name.value.trim() !== "") setName(name.value);
    try {
      const run = await startRun({ ...bodyOf(kind, draft.value), createdBy: me() }, key);
      onClose();
      route(`/runs/${run.id}`);
    } catch (error) {
      const fields = fieldsOf(kind);
      faults.value =
        error instanceof ApiError && error.errors.length > 0
          ? { ...faultsOf(kind, draft.value), ...faultsByField(error.errors, fields) }
          : { "": error instanceof Error ? error.message : String(error) };
      const first = fields.find((field) => faults.value[field] !== undefined);
      if (first !== undefined) document.querySelector<HTMLElement>(`[data-field="${first}"]`)?.focus();
    } finally {
      isBusy.value = false;
    }
  };
  return (
    <form
      class="form"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (!isBusy.value) void start();
      }}
    >
      <fieldset class="kinds">
        <legend>Kind</legend>
        {all.map((one) => (
          <label key={one.name} class="kind">
            <input
              type="radio"
              name="kind"
              autofocus={one.name === kind?.name}
              checked={one.name === kind?.name}
              onChange={() => {
                kindName.value = one.name;
                draft.value = draftOf(one);
                faults.value = {};
              }}
            />
            <span class="kind-title">{one.title}</span>
            <span class="kind-about">{one.description}</span>
          </label>
        ))}
      </fieldset>
      {kind !== undefined && <NewRunFields kind={kind} draft={draft} faults={faults.value} />}
      {isNameless && (
        <Field label="Your name" hint="Others see who started it. Asked once, and kept in this browser.">
          {(ids) => (
            <input
              {...ids}
              class="input"
              maxLength={LIMITS.maxNameChars}
              value={name.value}
              onInput={(event) => (name.value = event.currentTarget.value)}
            />
          )}
        </Field>
      )}
      {faults.value[""] !== undefined && (
        <p class="form-fault" role="alert">
          {faults.value[""]}
        </p>
      )}
      <footer class="dialog-foot">
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" look="primary" isBusy={isBusy.value}>
          Start run
        </Button>
      </footer>
    </form>
  );
}
