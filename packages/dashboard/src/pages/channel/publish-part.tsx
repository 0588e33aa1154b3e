import { useSignal } from "@preact/signals";
import { Button, Field, say } from "@tidings/ui";
import type { JSX } from "preact";
import { tidings } from "../../live/client.ts";

/** Publishes one message: JSON, or text where it is none and that is said. */
export function PublishPart({ name }: { readonly name: string }): JSX.Element {
  const event = useSignal("message");
  const key = useSignal("");
  const body = useSignal("");
  const fault = useSignal<string | undefined>(undefined);
  const isBusy = useSignal(false);
  const publish = async (): Promise<void> => {
    const parsed = parse(body.value);
    isBusy.value = true;
    try {
      const { offset } = await tidings.channel(name).publish(event.value || "message", parsed.data, {
        ...(parsed.isText ? { contentType: "text/plain" as const } : {}),
        ...(key.value === "" ? {} : { key: key.value }),
      });
      fault.value = undefined;
      say(
        `Published${parsed.isText ? " as text" : ""}${offset === undefined ? "" : ` at offset ${offset}`}.`,
      );
    } catch (error) {
      fault.value = error instanceof Error ? error.message : String(error);
    }
    isBusy.value = false;
  };
  return (
    <section class="panel publish" aria-labelledby="publish-title">
      <h2 id="publish-title">Publish</h2>
      <form
        class="form"
        onSubmit={(submitted) => {
          submitted.preventDefault();
          void publish();
        }}
      >
        <div class="publish-names">
          <Field label="Event">
            {(ids) => (
              <input
                {...ids}
                class="input"
                maxLength={255}
                value={event.value}
                onInput={(typed) => (event.value = typed.currentTarget.value)}
              />
            )}
          </Field>
          <Field label="Key">
            {(ids) => (
              <input
                {...ids}
                class="input"
                placeholder="none"
                maxLength={255}
                value={key.value}
                onInput={(typed) => (key.value = typed.currentTarget.value)}
              />
            )}
          </Field>
        </div>
        <Field label="Payload" hint="JSON; what is none is published as text." error={fault.value}>
          {(ids) => (
            <textarea
              {...ids}
              class="input mono"
              rows={3}
              spellcheck={false}
              required
              value={body.value}
              onInput={(typed) => (body.value = typed.currentTarget.value)}
            />
          )}
        </Field>
        <Button type="submit" icon="send" isBusy={isBusy.value}>
          Publish
        </Button>
      </form>
    </section>
  );
}

function parse(text: string): { readonly data: unknown; readonly isText: boolean } {
  try {
    return { data: JSON.parse(text), isText: false };
  } catch {
    return { data: text, isText: true };
  }
}
