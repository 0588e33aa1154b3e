import { useSignal } from "@preact/signals";
import { Badge, Countdown, formatDuration, now } from "@tidings/ui";
import type { JSX } from "preact";
import { asking, isRunning, lab, results, throwSwitch } from "../live/lab.ts";
import type { FaultKind, LabTransport } from "../logic/lab-code.ts";
import { SWITCHES, transportTitle } from "../logic/transports.ts";
import { FaultNote } from "./fault-note.tsx";

const ALL = "all";

/** What breaks the way between readers and server. */
export function SwitchesPart(): JSX.Element {
  const scope = useSignal<LabTransport | typeof ALL>(ALL);
  const transports = lab.value?.transports ?? [];
  return (
    <section class="panel" aria-labelledby="switches-title">
      <h2 id="switches-title">
        Break it
        <span class="panel-note switch-scope">
          <label for="switch-scope">for</label>
          <select
            id="switch-scope"
            class="input"
            value={scope.value}
            onChange={({ currentTarget }) => (scope.value = currentTarget.value as LabTransport)}
          >
            <option value={ALL}>all transports</option>
            {transports.map(({ name }) => (
              <option key={name} value={name}>
                {transportTitle(name)} alone
              </option>
            ))}
          </select>
        </span>
      </h2>
      <div class="switches">
        {SWITCHES.map(({ kind, title, about }) => (
          <FaultSwitch
            key={kind}
            kind={kind}
            title={title}
            about={about}
            // There is one server.
            scope={scope.value === ALL || kind === "kill" ? undefined : scope.value}
          />
        ))}
      </div>
      {!isRunning.value && (
        <p class="field-hint">Without a run there is nobody to notice: start one, then throw a switch.</p>
      )}
      <FaultNote of={["lab.fault"]} />
    </section>
  );
}

interface FaultSwitchProps {
  readonly kind: FaultKind;
  readonly title: string;
  readonly about: string;
  readonly scope: LabTransport | undefined;
}

function FaultSwitch({ kind, title, about, scope }: FaultSwitchProps): JSX.Element {
  const thrown = results.value?.faults.find((each) => each.kind === kind);
  const isOn = thrown !== undefined;
  const isBusy = asking.value.has(`lab.fault ${kind}`);
  const isForAll = thrown?.transports.length === lab.value?.transports.length;
  return (
    <div class={isOn ? "switch switch-on" : "switch"}>
      <button
        type="button"
        class="switch-button"
        role="switch"
        aria-checked={isOn}
        aria-busy={isBusy ? "true" : undefined}
        aria-describedby={`switch-${kind}`}
        onClick={() => {
          if (!isBusy) void throwSwitch(kind, !isOn, isOn || scope === undefined ? undefined : [scope]);
        }}
      >
        <i class="switch-mark" aria-hidden="true" />
        <span>{title}</span>
      </button>
      {thrown !== undefined && (
        <p class="switch-since">
          <Badge tone="bad">{isForAll ? "for all" : thrown.transports.map(transportTitle).join(", ")}</Badge>{" "}
          since {formatDuration(Math.max(0, Math.floor((now.value - thrown.onAtMs) / 1_000) * 1_000))}
          {kind === "kill" && (
            <>
              , up again in <Countdown atMs={thrown.onAtMs + (lab.value?.bounds["maxKilledMs"] ?? 0)} /> s
            </>
          )}
        </p>
      )}
      <p class="field-hint" id={`switch-${kind}`}>
        {about}
      </p>
    </div>
  );
}
