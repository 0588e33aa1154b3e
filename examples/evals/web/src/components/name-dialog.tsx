import { useSignal } from "@preact/signals";
import { Button, Dialog, Field } from "@tidings/ui";
import type { JSX } from "preact";
import { LIMITS } from "../../../shared/limits.ts";
import { myName, setName } from "../live/identity.ts";

export function NameDialog({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const typed = useSignal(myName.peek());
  return (
    <Dialog title="Who are you?" onClose={onClose}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          setName(typed.value);
          onClose();
        }}
      >
        <Field
          label="Your name"
          hint="Others see it where you watch, comment and change. Kept in this browser."
        >
          {(ids) => (
            <input
              {...ids}
              class="input"
              autofocus
              required
              maxLength={LIMITS.maxNameChars}
              value={typed.value}
              onInput={(event) => (typed.value = event.currentTarget.value)}
            />
          )}
        </Field>
        <footer class="dialog-foot">
          <Button type="submit" look="primary">
            Save
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}
