import { Button, formatBytes, plural } from "@tidings/ui";
import type { JSX } from "preact";
import { isRunning, lab, place } from "../live/lab.ts";
import { settingFrom } from "../logic/setting.ts";
import { fitted, leftOut, readerTransports, setting } from "../parts/run-part.tsx";
import { needs } from "./needs-state.ts";

/** Takes the needs' rate and size to the lab. */
export function MeasureThis(): JSX.Element | null {
  if (place.value.is !== "lab" || lab.value === undefined) return null;
  const count = Math.max(1, readerTransports().filter((name) => !leftOut.value.has(name)).length);
  const { setting: fit, notes } = settingFrom(needs.value, setting.value.readers, count, lab.value.bounds);
  return (
    <section class="panel measure-this" aria-label="Measure this">
      <p>
        {Number(fit.rate.toPrecision(3))} messages a second of {formatBytes(fit.size)}, to{" "}
        {plural(fit.readers, "reader")} of each.
      </p>
      {notes.length > 0 && <p class="field-hint">{notes.join(" ")}</p>}
      <Button
        icon="activity"
        isDisabled={isRunning.value}
        title={isRunning.value ? "Stop the run first" : "Take these numbers to the lab"}
        onClick={() => {
          setting.value = fit;
          fitted.value = notes;
          document.querySelector<HTMLElement>(".run-form [type=submit]")?.focus();
        }}
      >
        Measure this
      </Button>
    </section>
  );
}
