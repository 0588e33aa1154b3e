import { untracked } from "@preact/signals";
import { Button, EmptyState, Loading } from "@tidings/ui";
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { useRoute } from "preact-iso/router";
import { RunModel } from "../../live/run.ts";
import { RunHeader } from "./run-header.tsx";
import { RunParts } from "./run-parts.tsx";

export function RunPage(): JSX.Element {
  const { params } = useRoute();
  const id = params["id"] ?? "";
  // Another run is another page: nothing of the one before is to be seen in it.
  return <OneRun key={id} id={id} />;
}

function OneRun({ id }: { readonly id: string }): JSX.Element {
  const [model, setModel] = useState<RunModel>();
  useEffect(() => {
    const opened = untracked(() => new RunModel(id));
    const line = Number(new URLSearchParams(location.search).get("line"));
    if (Number.isSafeInteger(line) && line > 0) opened.showLine(line);
    setModel(opened);
    return () => opened[Symbol.dispose]();
  }, [id]);
  return model === undefined ? <Loading what="the run" /> : <OpenRun model={model} />;
}

function OpenRun({ model }: { readonly model: RunModel }): JSX.Element {
  const run = model.run.value;
  const fault = model.fault.value;
  useEffect(() => {
    document.title = `${run?.title ?? model.id} · Evaluations`;
  }, [run?.title]);
  if (fault?.code === "EVALUATION_UNKNOWN" || fault?.code === "NOT_FOUND")
    return (
      <EmptyState title={`There is no run ${model.id}`} isFault>
        It may have been deleted. <a href="/">Go to the list of runs</a>
      </EmptyState>
    );
  if (run === undefined)
    return fault === undefined ? (
      <Loading what="the run" />
    ) : (
      <EmptyState title="The run cannot be shown" isFault>
        {fault.message} <Button onClick={() => void model.load()}>Try again</Button>
      </EmptyState>
    );
  return (
    <div class="page run-page">
      <RunHeader model={model} run={run} />
      <RunParts model={model} run={run} />
    </div>
  );
}
