import { useComputed, useSignal } from "@preact/signals";
import { Button, Field } from "@tidings/ui";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { Evaluation } from "../../../../shared/evaluation.ts";
import type { Parameter, ParameterValue } from "../../../../shared/manifest.ts";
import { ParameterControl } from "../../components/parameter-control.tsx";
import { ApiError, changeRun } from "../../live/api.ts";
import { me } from "../../live/identity.ts";
import { kinds } from "../../live/list.ts";
import type { RunModel } from "../../live/run.ts";
import { readParameter } from "../../logic/parameter-input.ts";

interface ParametersProps {
  readonly model: RunModel;
  readonly run: Evaluation;
}

export function Parameters({ model, run }: ParametersProps): JSX.Element {
  const kind = useComputed(() => kinds.value?.find(({ name }) => name === run.kind)).value;
  const names = Object.keys(kind?.parameters ?? run.parameters);
  return (
    <section class="panel" aria-label="Parameters">
      <h2>Parameters</h2>
      {names.length === 0 && <p class="quiet">It has none.</p>}
      <div class="parameters">
        {names.map((name) => {
          const parameter = kind?.parameters[name];
          const value = run.parameters[name];
          if (parameter === undefined || value === undefined || !isChangeable(run, parameter))
            return (
              <div key={name} class="parameter">
                <span class="parameter-name">{parameter?.title ?? name}</span>
                <span class="parameter-value">{String(value ?? "–")}</span>
              </div>
            );
          return <LiveParameter key={name} {...{ model, run, name, parameter, value }} />;
        })}
      </div>
    </section>
  );
}

/** Any of one that waits, `live` ones of one that runs. */
function isChangeable({ state }: Evaluation, { live }: Parameter): boolean {
  return state === "queued" || (live && (state === "running" || state === "paused"));
}

interface LiveParameterProps extends ParametersProps {
  readonly name: string;
  readonly parameter: Parameter;
  readonly value: ParameterValue;
}

type Change =
  | { readonly is: "none" }
  | { readonly is: "pending"; readonly id: string; readonly atMs: number }
  | { readonly is: "confirmed"; readonly tookMs: number; readonly value: string }
  | { readonly is: "refused"; readonly message: string };

/** Changed in place: it is pending until the run has confirmed this very change, by the id that it was given. */
function LiveParameter({ model, run, name, parameter, value }: LiveParameterProps): JSX.Element {
  const shown = typeof value === "boolean" ? value : String(value);
  const typed = useSignal<string | boolean>(shown);
  const change = useSignal<Change>({ is: "none" });
  useEffect(() => {
    if (change.peek().is !== "pending") typed.value = shown; // somebody else may have changed it
  }, [shown]);
  const confirmed = model.confirmed.value?.change;
  const confirm = (id: string): void => {
    const now = change.peek();
    if (now.is === "pending" && now.id === id)
      change.value = { is: "confirmed", tookMs: performance.now() - now.atMs, value: String(typed.peek()) };
  };
  useEffect(() => {
    if (confirmed !== undefined) confirm(confirmed);
  }, [confirmed]);

  const send = async (): Promise<void> => {
    const read = readParameter(parameter, typed.value);
    if ("error" in read) {
      change.value = { is: "refused", message: read.error };
      return;
    }
    const id = crypto.randomUUID();
    change.value = { is: "pending", id, atMs: performance.now() };
    try {
      await changeRun(run.id, { parameters: { [name]: read.value }, by: me(), change: id });
      confirm(id);
    } catch (error) {
      const message =
        error instanceof ApiError && error.errors[0] !== undefined
          ? error.errors[0].message
          : error instanceof Error
            ? error.message
            : String(error);
      change.value = { is: "refused", message };
    }
  };
  const isChanged = typed.value !== shown;
  const state = change.value;
  return (
    <form
      class="parameter parameter-live"
      data-change={state.is}
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <Field
        label={parameter.title ?? name}
        error={state.is === "refused" ? state.message : undefined}
        isBeside={parameter.type === "boolean"}
      >
        {(ids) => (
          <span class="parameter-edit">
            <ParameterControl
              ids={ids}
              field={name}
              parameter={parameter}
              value={typed.value}
              onChange={(next) => {
                typed.value = next;
                if (change.value.is !== "pending") change.value = { is: "none" };
              }}
            />
            {(isChanged || state.is === "pending") && (
              <Button type="submit" look="primary" isBusy={state.is === "pending"}>
                {state.is === "pending" ? "Pending" : "Set"}
              </Button>
            )}
          </span>
        )}
      </Field>
      <span class="parameter-said" role="status">
        {state.is === "pending" && "Waiting for the run to confirm…"}
        {state.is === "confirmed" &&
          !isChanged &&
          state.value === String(shown) &&
          `Confirmed in ${Math.round(state.tookMs)} ms`}
      </span>
    </form>
  );
}
