import { type Signal, signal, useSignal } from "@preact/signals";
import {
  Button,
  Elapsed,
  Field,
  formatBytes,
  formatCount,
  formatDuration,
  now,
  plural,
  Status,
  type Tone,
} from "@tidings/ui";
import type { ComponentChildren, JSX } from "preact";
import { asking, isRunning, lab, run, start, stop } from "../live/lab.ts";
import type { LabTransport, RunFigures } from "../logic/lab-code.ts";
import { FIRST_SETTING, type Setting } from "../logic/setting.ts";
import { transportAbout, transportTitle } from "../logic/transports.ts";
import { FaultNote } from "./fault-note.tsx";

/** What the next run is asked for. */
export const setting: Signal<Setting> = signal(FIRST_SETTING);
/** Those that are left out of the next run. */
export const leftOut: Signal<ReadonlySet<LabTransport>> = signal(new Set());
/** What "measure this" had to change, so that it fits. */
export const fitted: Signal<readonly string[]> = signal([]);

export function RunPart(): JSX.Element {
  const bounds = lab.value?.bounds ?? {};
  const isStarting = asking.value.has("lab.start");
  const isStopping = asking.value.has("lab.stop") || run.value?.phase === "settling";
  const shown = isRunning.value && run.value !== null ? run.value : setting.value;
  const all = readerTransports();
  const chosen =
    isRunning.value && run.value !== null
      ? run.value.transports
      : all.filter((name) => !leftOut.value.has(name));
  return (
    <form
      class="panel run-form"
      aria-label="The run"
      onSubmit={(event) => {
        event.preventDefault();
        if (!isRunning.value && !isStarting) void start({ ...setting.value, transports: chosen });
      }}
    >
      <div class="run-fields">
        <NumberField
          label="Messages a second"
          name="rate"
          value={shown.rate}
          least={bounds["minRate"]}
          most={bounds["maxRate"]}
          step="any"
        />
        <NumberField
          label="Bytes of a message"
          name="size"
          value={shown.size}
          least={bounds["minSizeBytes"]}
          most={bounds["maxSizeBytes"]}
          step="1"
        />
        <NumberField
          label="Readers of each"
          name="readers"
          value={shown.readers}
          least={1}
          most={bounds["maxReaders"]}
          step="1"
        />
        <fieldset class="field run-transports" disabled={isRunning.value}>
          <legend>Transports</legend>
          <div class="chips">
            {all.map((name) => (
              <label key={name} class="chip" title={transportAbout(name)}>
                <input
                  type="checkbox"
                  checked={chosen.includes(name)}
                  onChange={({ currentTarget }) => choose(name, currentTarget.checked)}
                />
                {transportTitle(name)}
              </label>
            ))}
          </div>
        </fieldset>
        <div class="run-act">
          {isRunning.value ? (
            <Button icon="stop" isBusy={isStopping} onClick={() => void stop()}>
              {isStopping ? "Stopping" : "Stop"}
            </Button>
          ) : (
            <Button
              type="submit"
              icon="play"
              look="primary"
              isBusy={isStarting}
              isDisabled={chosen.length === 0}
            >
              Start
            </Button>
          )}
        </div>
      </div>
      <RunStatus />
      {fitted.value.length > 0 && !isRunning.value && <p class="field-hint">{fitted.value.join(" ")}</p>}
      <FaultNote of={["lab.start", "lab.stop"]} />
    </form>
  );
}

function choose(name: LabTransport, isIn: boolean): void {
  leftOut.value = new Set([...[...leftOut.value].filter((each) => each !== name), ...(isIn ? [] : [name])]);
}

/** Those that the lab's readers have. */
export function readerTransports(): readonly LabTransport[] {
  return (lab.value?.transports ?? []).filter(({ isForReaders }) => isForReaders).map(({ name }) => name);
}

interface NumberFieldProps {
  readonly label: string;
  readonly name: keyof Setting;
  readonly value: number;
  readonly least: number | undefined;
  readonly most: number | undefined;
  readonly step: string;
}

function NumberField({ label, name, value, least, most, step }: NumberFieldProps): JSX.Element {
  const typed = useSignal<string | undefined>(undefined);
  return (
    <Field
      label={label}
      hint={
        least === undefined || most === undefined
          ? undefined
          : `${formatCount(Math.ceil(least))} to ${formatCount(most)}`
      }
    >
      {(ids) => (
        <input
          {...ids}
          class="input"
          type="number"
          name={name}
          required
          disabled={isRunning.value}
          min={least}
          max={most}
          step={step}
          value={typed.value ?? value}
          onInput={({ currentTarget: input }) => {
            typed.value = input.value;
            if (input.value !== "" && input.validity.valid)
              setting.value = { ...setting.value, [name]: input.valueAsNumber };
          }}
          onBlur={({ currentTarget: input }) => {
            // What is wrong stays to be seen, and is said when it is sent.
            if (input.validity.valid) typed.value = undefined;
          }}
        />
      )}
    </Field>
  );
}

function RunStatus(): JSX.Element {
  const at = run.value;
  if (at === null)
    return (
      <Line tone="quiet" word="Not started">
        Numbers are yours to set; the lab says so where they would be too much for one machine.
      </Line>
    );
  const { tone, word } = WORDS[at.phase];
  return (
    <Line tone={tone} word={word}>
      <PhaseText run={at} />
    </Line>
  );
}

function PhaseText({ run: at }: { readonly run: RunFigures }): JSX.Element {
  switch (at.phase) {
    case "opening":
      return <>Readers are being opened.</>;
    case "warming":
      return <>A second of messages that do not count, so that what is counted is the steady state.</>;
    case "running":
      return (
        <>
          for <Elapsed from={new Date(at.countedFromMs ?? at.startedAtMs).toISOString()} to={undefined} /> ·{" "}
          {formatCount(at.published)} published{at.skipped > 0 && `, ${formatCount(at.skipped)} skipped`} ·
          ends by itself in{" "}
          {formatDuration(Math.max(0, Math.ceil((at.endsAtMs - now.value) / 1_000) * 1_000))}
        </>
      );
    case "settling":
      return <>All switches are lifted; readers get what they have not got yet.</>;
    case "done":
      return (
        <>
          {sentence(at.reason)} {formatCount(at.published)} messages of {formatBytes(at.size)} to{" "}
          {plural(at.readers, "reader")} of each, {at.rate} a second. The figures below are of this run.
        </>
      );
    case "failed":
      return <>{sentence(at.reason)} Start again; the figures below are what was measured until then.</>;
    default:
      return at.phase satisfies never;
  }
}

/** The lab's reasons go on from something; here they stand alone. */
function sentence(reason = ""): string {
  // The name of a command has no capital.
  return reason.startsWith("lab.") ? reason : reason.slice(0, 1).toUpperCase() + reason.slice(1);
}

const WORDS: Readonly<Record<RunFigures["phase"], { readonly tone: Tone; readonly word: string }>> = {
  opening: { tone: "busy", word: "Opening" },
  warming: { tone: "busy", word: "Warming up" },
  running: { tone: "good", word: "Running" },
  settling: { tone: "busy", word: "Settling" },
  done: { tone: "quiet", word: "Over" },
  failed: { tone: "bad", word: "Failed" },
};

function Line({
  tone,
  word,
  children,
}: {
  readonly tone: Tone;
  readonly word: string;
  readonly children: ComponentChildren;
}): JSX.Element {
  return (
    <p class="run-status" data-run={word}>
      <span role="status">
        <Status tone={tone}>{word}</Status>
      </span>
      <span class="quiet">{children}</span>
    </p>
  );
}
