import { AggregatorRegistry } from "prom-client";
import type { Peer } from "../../../peer/index.ts";
import type { Metrics } from "../../../metrics/metrics.ts";

/** What a worker has not answered by then is left out, in milliseconds. */
const PATIENCE_MS = 1_000;

type Figures = Awaited<ReturnType<Metrics["own"]>>;

/** The figures of all processes as one text, each with the label of its process; without those of one that does not answer. */
export async function allFigures(own: Metrics, workers: readonly Peer[]): Promise<string> {
  const answers = await Promise.all([own.own(), ...workers.map((worker) => figuresOf(worker))]);
  const figures = answers
    .filter((answer) => answer !== undefined)
    // Their labels part them, so each sum is of one; some would be left out, or be means.
    .map((answer) => answer.map((figure) => ({ ...figure, aggregator: "sum" })));
  return AggregatorRegistry.aggregate([...figures] as object[]).metrics();
}

async function figuresOf(worker: Peer): Promise<Figures | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), PATIENCE_MS);
  });
  try {
    const answer = worker.call("figures", []).then(({ head }) => head as Figures);
    return await Promise.race([answer, late]);
  } catch {
    return undefined; // It has just ended.
  } finally {
    clearTimeout(timer);
  }
}
