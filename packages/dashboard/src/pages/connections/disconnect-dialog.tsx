import { useSignal } from "@preact/signals";
import { Button, Dialog, Field } from "@tidings/ui";
import type { JSX } from "preact";

interface DisconnectDialogProps {
  readonly who: string;
  readonly onClose: () => void;
  readonly onConfirm: (reason: string) => void;
}

/** As many characters as the server takes. */
const MAX_REASON = 255;

export function DisconnectDialog({ who, onClose, onConfirm }: DisconnectDialogProps): JSX.Element {
  const reason = useSignal("");
  return (
    <Dialog title="Disconnect?" onClose={onClose}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          onConfirm(reason.value);
        }}
      >
        <p>
          The connection of <b>{who}</b> ends. Its client comes back within seconds and loses nothing; to keep
          it away, revoke its credential.
        </p>
        <Field label="Why" hint="For those who read the events later; the client is not told.">
          {(ids) => (
            <input
              {...ids}
              class="input"
              autofocus
              maxLength={MAX_REASON}
              value={reason.value}
              onInput={(event) => (reason.value = event.currentTarget.value)}
            />
          )}
        </Field>
        <footer class="dialog-foot">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="danger">
            Disconnect
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}
