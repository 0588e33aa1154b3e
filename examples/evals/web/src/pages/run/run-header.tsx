import { useSignal } from "@preact/signals";
import { Age, attempt, Button, Dialog, Elapsed, formatBytes, formatCount, plural, say } from "@tidings/ui";
import type { JSX } from "preact";
import { useLocation } from "preact-iso/router";
import { type Evaluation, hasEnded } from "../../../../shared/evaluation.ts";
import { StateBadge } from "../../components/badge.tsx";
import { Progress } from "../../components/progress.tsx";
import { deleteRun, startAgain, stopRun } from "../../live/api.ts";
import { me } from "../../live/identity.ts";
import type { RunModel } from "../../live/run.ts";
import { PriorityControl } from "./priority-control.tsx";

interface RunHeaderProps {
  readonly model: RunModel;
  readonly run: Evaluation;
}

export function RunHeader({ model, run }: RunHeaderProps): JSX.Element {
  const { id, title, state, progress, startedAt, endedAt, createdBy, createdAt } = run;
  const queue = model.queue.value ?? run.queue;
  return (
    <header class="run-header">
      <div class="run-heading">
        <p class="crumb">
          <a href="/">Runs</a> <span aria-hidden="true">/</span> <span class="run-id">{id}</span>
        </p>
        <h1>{title}</h1>
        <StateBadge state={state} />
        <Actions model={model} run={run} />
      </div>
      <div class="run-facts">
        <span role="status" class="visually-hidden">{`The run is ${state}`}</span>
        {state === "queued" ? (
          <span class="fact">
            {queue === undefined ? "Waiting for its turn" : `${queue.position} of ${queue.of} in the queue`}
          </span>
        ) : progress === undefined ? null : (
          <span class="fact fact-progress">
            <Progress progress={progress} state={state} label={title} />
            {progress.total > 0 && (
              <span class="fact-count">
                {formatCount(progress.done)} / {formatCount(progress.total)}
              </span>
            )}
            {progress.note !== undefined && <span class="fact-note">{progress.note}</span>}
          </span>
        )}
        {startedAt !== undefined && (
          <span class="fact">
            <b>Duration</b> <Elapsed from={startedAt} to={endedAt} />
          </span>
        )}
        <span class="fact">
          <b>Log</b> {plural(Math.max(model.log.total.value, run.lines), "line")}
          {run.logBytes > 0 && `, ${formatBytes(run.logBytes)}`}
        </span>
        <span class="fact">
          <b>Started by</b> {createdBy}, <Age time={createdAt} /> ago
        </span>
        {state === "queued" ? (
          <PriorityControl run={run} />
        ) : (
          <span class="fact">
            <b>Priority</b> {run.priority}
          </span>
        )}
      </div>
      <Outcome run={run} />
    </header>
  );
}

/** Why it ended as it did, where that is to be said. */
function Outcome({ run }: { readonly run: Evaluation }): JSX.Element | null {
  const { state, reason, exit } = run;
  if (state === "lost") {
    const why = reason ?? "nobody is left who knows how it ended";
    return <p class="outcome outcome-fault">{`${sentence(why)} What it had written until then is kept.`}</p>;
  }
  if (!hasEnded(state) || state === "succeeded") return null;
  const how =
    reason ??
    (exit === undefined ? "" : exit.signal === null ? `exit code ${exit.code}` : `ended by ${exit.signal}`);
  if (how === "") return null;
  return <p class={state === "stopped" ? "outcome" : "outcome outcome-fault"}>{sentence(how)}</p>;
}

/** A reason as it is told, with a capital and a full stop. */
function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/\.$/, "")}.`;
}

function Actions({ model, run }: RunHeaderProps): JSX.Element {
  const { route } = useLocation();
  const busy = useSignal("");
  const isAskingStop = useSignal(false);
  const isAskingDelete = useSignal(false);
  const act = async (name: string, work: () => Promise<unknown>): Promise<void> => {
    busy.value = name;
    await attempt(work);
    busy.value = "";
  };
  const again = async (): Promise<void> => {
    const next = await startAgain(run.id, me(), crypto.randomUUID());
    route(`/runs/${next.id}`);
  };
  const remove = async (): Promise<void> => {
    await deleteRun(run.id);
    say(`${run.id} was deleted`);
    route("/");
  };
  const isOver = model.hasEnded.value;
  return (
    <div class="run-actions">
      <Button icon="again" isBusy={busy.value === "again"} onClick={() => void act("again", again)}>
        Run again
      </Button>
      {isOver ? (
        <Button icon="trash" label="Delete" look="quiet" onClick={() => (isAskingDelete.value = true)} />
      ) : (
        <Button
          icon="stop"
          look="danger"
          isBusy={busy.value === "stop"}
          onClick={() => (isAskingStop.value = true)}
        >
          Stop
        </Button>
      )}
      {isAskingStop.value && (
        <Confirm
          title="Stop this run?"
          text="It has five seconds to tidy up, and is then ended. What it wrote is kept."
          action="Stop run"
          onConfirm={() => void act("stop", async () => stopRun(run.id, me()))}
          onClose={() => (isAskingStop.value = false)}
        />
      )}
      {isAskingDelete.value && (
        <Confirm
          title="Delete this run?"
          text="Its log, metrics and artifacts are deleted with it, for everybody."
          action="Delete run"
          onConfirm={() => void act("delete", remove)}
          onClose={() => (isAskingDelete.value = false)}
        />
      )}
    </div>
  );
}

interface ConfirmProps {
  readonly title: string;
  readonly text: string;
  readonly action: string;
  readonly onConfirm: () => void;
  readonly onClose: () => void;
}

function Confirm({ title, text, action, onConfirm, onClose }: ConfirmProps): JSX.Element {
  return (
    <Dialog title={title} onClose={onClose}>
      <p>{text}</p>
      <footer class="dialog-foot">
        <Button onClick={onClose}>Cancel</Button>
        <Button
          look="danger"
          onClick={() => {
            onConfirm();
            onClose();
          }}
        >
          {action}
        </Button>
      </footer>
    </Dialog>
  );
}
