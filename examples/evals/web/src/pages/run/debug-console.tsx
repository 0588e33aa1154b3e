import { useComputed, useSignal } from "@preact/signals";
import { Button, formatClock } from "@tidings/ui";
import type { JSX } from "preact";
import type { Evaluation } from "../../../../shared/evaluation.ts";
import { kinds } from "../../live/list.ts";
import type { DebugEntry, RunModel } from "../../live/run.ts";
import { readParameter } from "../../logic/parameter-input.ts";
import type { DebugSession } from "./debug-session.ts";

interface DebugConsoleProps {
  readonly model: RunModel;
  readonly run: Evaluation;
  readonly session: DebugSession;
}

/** What all who debug said and saw, in one order; and a line for input, and one to set a parameter. */
export function DebugConsole({ model, run, session }: DebugConsoleProps): JSX.Element {
  const text = useSignal("");
  const canAct = run.state === "running" || run.state === "paused";
  const send = async (): Promise<void> => {
    if (await session.input(text.value)) text.value = "";
  };
  return (
    <section class="panel debug-console" aria-label="Session">
      <h2>Session</h2>
      <ol class="debug-entries" aria-label="What happened" aria-live="polite">
        {model.debug.value.toReversed().map((entry, at) => (
          <li key={model.debug.value.length - at}>
            <time dateTime={entry.time}>{formatClock(entry.time)}</time> {sayEntry(entry)}
          </li>
        ))}
      </ol>
      <form
        class="debug-line"
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <input
          class="input mono"
          aria-label="Input to the run"
          placeholder="Input to the run"
          disabled={!canAct}
          value={text.value}
          onInput={(event) => (text.value = event.currentTarget.value)}
        />
        <Button type="submit" isDisabled={!canAct} isBusy={session.busy.value === "input"}>
          Send input
        </Button>
      </form>
      <SetLine run={run} session={session} canAct={canAct} />
    </section>
  );
}

function sayEntry(entry: DebugEntry): JSX.Element {
  switch (entry.type) {
    case "input":
      return (
        <>
          <b>{entry.by}</b> typed <code>{entry.text}</code>
        </>
      );
    case "paused":
      return <>paused at {entry.at}</>;
    case "inspected":
      return <>inspected at {entry.at}</>;
    case "resumed":
      return <>resumed</>;
    default:
      return entry satisfies never;
  }
}

interface SetLineProps {
  readonly run: Evaluation;
  readonly session: DebugSession;
  readonly canAct: boolean;
}

function SetLine({ run, session, canAct }: SetLineProps): JSX.Element | null {
  const live = useComputed(() => {
    const kind = kinds.value?.find(({ name }) => name === run.kind);
    return Object.entries(kind?.parameters ?? {}).filter(([, parameter]) => parameter.live);
  }).value;
  const name = useSignal(live[0]?.[0] ?? "");
  const typed = useSignal("");
  const said = useSignal("");
  const chosen = live.find(([one]) => one === name.value) ?? live[0];
  if (chosen === undefined) return null;
  const [parameterName, parameter] = chosen;
  const set = async (): Promise<void> => {
    const read = readParameter(
      parameter,
      parameter.type === "boolean" ? typed.value === "true" : typed.value,
    );
    said.value = "error" in read ? `${parameterName} ${read.error}` : "";
    if ("error" in read || !(await session.set(parameterName, read.value))) return;
    said.value = `${parameterName} is ${String(read.value)}: confirmed in ${(session.tripMs.value ?? 0).toFixed(1)} ms`;
    typed.value = "";
  };
  return (
    <>
      <form
        class="debug-line"
        onSubmit={(event) => {
          event.preventDefault();
          void set();
        }}
      >
        <select
          class="input"
          aria-label="Parameter"
          value={parameterName}
          onChange={(event) => (name.value = event.currentTarget.value)}
        >
          {live.map(([one]) => (
            <option key={one} value={one}>
              {one}
            </option>
          ))}
        </select>
        <input
          class="input mono"
          aria-label="New value"
          placeholder={String(run.parameters[parameterName] ?? "")}
          disabled={!canAct}
          value={typed.value}
          onInput={(event) => (typed.value = event.currentTarget.value)}
        />
        <Button type="submit" isDisabled={!canAct} isBusy={session.busy.value === "set"}>
          Set
        </Button>
      </form>
      <p class="debug-said" role="status">
        {said.value}
      </p>
    </>
  );
}
