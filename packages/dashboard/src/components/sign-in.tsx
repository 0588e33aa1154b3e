import { useSignal } from "@preact/signals";
import { Button, Field } from "@tidings/ui";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { credential, type Refusal, signIn } from "../live/session.ts";

/** Asks for a token or key, and says what the one there is does not grant. */
export function SignIn({ refusal }: { readonly refusal: Refusal }): JSX.Element {
  const typed = useSignal("");
  const isForbidden = useSignal(false);
  useEffect(() => void (document.title = "Sign in · Tidings"), []);
  const isKnown = refusal.status === 403;
  return (
    <section class="sign-in panel" aria-labelledby="sign-in-title">
      <h1 id="sign-in-title">{isKnown ? "A grant is missing" : "Who are you?"}</h1>
      {isKnown ? (
        <>
          <p>
            This credential holds, but has not the grant <code>admin</code> on <code>**</code>, which the
            dashboard needs. The server said:
          </p>
          <p class="form-fault">{refusal.message}</p>
          <p>
            Make a key that has it: <code class="command">tidings key create --name me --admin '**'</code>
          </p>
        </>
      ) : (
        <>
          <p>
            This server asks for a credential. The dashboard needs one that grants <code>admin</code> on{" "}
            <code>**</code>.
          </p>
          {credential !== undefined && (
            <p class="form-fault" role="alert">
              {refusal.message}
            </p>
          )}
        </>
      )}
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          if (typed.value.trim() !== "") isForbidden.value = !signIn(typed.value.trim());
        }}
      >
        <Field
          label="Token or API key"
          hint="Kept for this tab alone, until it is closed. It is never part of a URL."
        >
          {(ids) => (
            <input
              {...ids}
              class="input"
              type="password"
              autofocus
              required
              autocomplete="off"
              spellcheck={false}
              value={typed.value}
              onInput={(event) => (typed.value = event.currentTarget.value)}
            />
          )}
        </Field>
        {isForbidden.value && (
          <p class="form-fault" role="alert">
            This browser keeps nothing for this page, so a credential would be gone at once. Allow the page to
            store data, and go on.
          </p>
        )}
        <Button type="submit" look="primary">
          Go on
        </Button>
      </form>
    </section>
  );
}
