import { useSignal } from "@preact/signals";
import { onKeys, type Tab, Tabs } from "@tidings/ui";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { Evaluation } from "../../../../shared/evaluation.ts";
import type { RunModel } from "../../live/run.ts";
import { isWide } from "../../live/wide.ts";
import { rememberInUrl } from "../../url.ts";
import { AlertsPart } from "./alerts-part.tsx";
import { ArtifactsPart } from "./artifacts-part.tsx";
import { DebugPart } from "./debug-part.tsx";
import { About, DetailsPart } from "./details-part.tsx";
import { LogPart } from "./log-part.tsx";
import { MetricsPart } from "./metrics-part.tsx";
import { Parameters } from "./parameters.tsx";
import { PeoplePart } from "./people-part.tsx";

interface RunPartsProps {
  readonly model: RunModel;
  readonly run: Evaluation;
}

const PART_NAMES = ["log", "metrics", "alerts", "artifacts", "debug", "details", "people"] as const;
type PartName = (typeof PART_NAMES)[number];

/** Which part a link is to: `?part=metrics`, and a line of the log by `?line=12`. */
function partOfUrl(): PartName {
  const asked = new URLSearchParams(location.search).get("part");
  return PART_NAMES.find((name) => name === asked) ?? "log";
}

export function RunParts({ model, run }: RunPartsProps): JSX.Element {
  const current = useSignal<PartName>(partOfUrl());
  const wide = isWide.value;
  const tabs: readonly Tab[] = [
    { id: "log", label: "Log" },
    { id: "metrics", label: "Metrics" },
    { id: "alerts", label: "Alerts", count: model.alerts.value.length },
    { id: "artifacts", label: "Artifacts", count: model.artifacts.value.length },
    ...(run.debug ? [{ id: "debug", label: "Debug" }] : []),
    // A wide screen shows these beside the others.
    ...(wide
      ? []
      : [
          { id: "details", label: "Details" },
          { id: "people", label: "People", count: model.people.count.value },
        ]),
  ];
  const shown = tabs.some(({ id }) => id === current.value) ? current.value : "log";
  const choose = (id: string): void => {
    current.value = PART_NAMES.find((name) => name === id) ?? "log";
    rememberInUrl("part", id === "log" ? undefined : id);
  };
  useEffect(() => {
    const keys = tabs.map(({ id }, at) => [String(at + 1), () => choose(id)] as const);
    return onKeys(Object.fromEntries(keys));
  }, [tabs.map(({ id }) => id).join()]);
  const showLine = (line: number): void => {
    choose("log");
    model.showLine(line);
  };
  return (
    <div class="run-body">
      <div class="run-main">
        <Tabs label="Parts of the run" tabs={tabs} current={shown} onChange={choose}>
          {shown === "log" && <LogPart model={model} run={run} />}
          {shown === "metrics" && <MetricsPart model={model} />}
          {shown === "alerts" && <AlertsPart alerts={model.alerts.value} onLine={showLine} />}
          {shown === "artifacts" && <ArtifactsPart model={model} />}
          {shown === "debug" && <DebugPart model={model} run={run} />}
          {shown === "details" && <DetailsPart model={model} run={run} />}
          {shown === "people" && <PeoplePart model={model} />}
        </Tabs>
      </div>
      {wide && (
        <aside class="run-side" aria-label="About the run">
          <Parameters model={model} run={run} />
          <PeoplePart model={model} />
          <About model={model} run={run} />
        </aside>
      )}
    </div>
  );
}
