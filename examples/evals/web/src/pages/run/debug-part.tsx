import { useSignal } from "@preact/signals";
import { Button, EmptyState, JsonTree, transportName } from "@tidings/ui";
import type { JSX } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import { type Evaluation, hasEnded } from "../../../../shared/evaluation.ts";
import { connection, tidings } from "../../live/client.ts";
import type { RunModel } from "../../live/run.ts";
import { DebugConsole } from "./debug-console.tsx";
import { DebugSession } from "./debug-session.ts";

interface DebugPartProps {
  readonly model: RunModel;
  readonly run: Evaluation;
}

/** A debugging session: over a WebSocket as long as it is open. */
export function DebugPart({ model, run }: DebugPartProps): JSX.Element {
  const session = useMemo(() => new DebugSession(model.id), [model]);
  const count = useSignal("10");
  useEffect(() => tidings.interactive(), []);
  const isPaused = run.state === "paused";
  const canAct = run.state === "running" || isPaused;
  const stack = session.inspected.value ?? model.pausedAt.value;
  const transport = transportName(connection.value);
  const steps = Math.max(1, Math.floor(Number(count.value)) || 1);
  const inspectSoon = async (work: Promise<boolean>): Promise<void> => {
    // A state that was looked at before is not what it is now.
    session.inspected.value = undefined;
    await work;
  };
  return (
    <div class="debug">
      <div class="debug-bar" role="toolbar" aria-label="Debugging">
        {isPaused ? (
          <Button
            icon="play"
            look="primary"
            isBusy={session.busy.value === "resume"}
            onClick={() => void inspectSoon(session.resume())}
          >
            Resume
          </Button>
        ) : (
          <Button
            icon="pause"
            look="primary"
            isDisabled={!canAct}
            isBusy={session.busy.value === "pause"}
            onClick={() => void session.pause()}
          >
            Pause
          </Button>
        )}
        <Button
          icon="step"
          isDisabled={!isPaused}
          isBusy={session.busy.value === "step"}
          onClick={() => void inspectSoon(session.step(1))}
        >
          Step
        </Button>
        <span class="debug-steps">
          <input
            class="input input-short"
            aria-label="Steps"
            inputMode="numeric"
            value={count.value}
            onInput={(event) => (count.value = event.currentTarget.value)}
          />
          <Button
            isDisabled={!isPaused}
            onClick={() => void inspectSoon(session.step(steps))}
          >{`Step ${steps}×`}</Button>
        </span>
        <Button
          icon="search"
          isDisabled={!canAct}
          isBusy={session.busy.value === "inspect"}
          onClick={() => void session.inspect()}
        >
          Inspect
        </Button>
        <span class="debug-wire">
          <span class="debug-transport" data-transport={transport}>
            {transport ?? "not connected"}
          </span>
          <span class="debug-trip" role="status">
            {session.tripMs.value === undefined ? "" : `round trip ${session.tripMs.value.toFixed(1)} ms`}
          </span>
        </span>
      </div>
      {session.fault.value !== undefined && (
        <p class="form-fault" role="alert">
          {session.fault.value}
        </p>
      )}
      <div class="debug-panes">
        <section class="panel" aria-label="State">
          <h2>State {stack !== undefined && <span class="panel-note">at {stack.at}</span>}</h2>
          {stack === undefined ? (
            <EmptyState title={hasEnded(run.state) ? "The run has ended" : "Not paused"}>
              {hasEnded(run.state)
                ? "What was said while it ran is kept beside."
                : "Pause it, or inspect it as it runs."}
            </EmptyState>
          ) : (
            <div class="json-tree">
              <JsonTree value={stack.state} />
            </div>
          )}
        </section>
        <DebugConsole model={model} run={run} session={session} />
      </div>
    </div>
  );
}
