import { CommandError, type Tidings } from "tidings";
import {
  InputInputSchema,
  SetInputSchema,
  StepInputSchema,
  TargetInputSchema,
} from "../shared/evaluation.ts";
import type { Evaluations } from "./evaluations.ts";
import { Fault } from "./fault.ts";

/** What an evaluation has beyond its own time to answer: for the way, in milliseconds. */
const WAY_MS = 5_000;

/** The debugging session: commands that an evaluation itself answers. */
export function addCommands(tidings: Tidings, evaluations: Evaluations, askMs: number): void {
  const timeoutMs = askMs + WAY_MS;
  for (const type of ["pause", "resume"] as const) {
    tidings.command(`evals.${type}`, {
      input: TargetInputSchema,
      timeoutMs,
      description: `${type}s an evaluation at its next checkpoint`,
      handler: async ({ evaluation }) => answered(async () => evaluations.ask(evaluation, { type })),
    });
  }
  tidings.command("evals.step", {
    input: StepInputSchema,
    timeoutMs,
    description: "passes so many checkpoints of a paused evaluation, and pauses it again",
    handler: async ({ evaluation, count }) =>
      answered(async () => evaluations.ask(evaluation, { type: "step", count })),
  });
  tidings.command("evals.inspect", {
    input: TargetInputSchema,
    timeoutMs,
    description: "tells where an evaluation is, and its state there",
    handler: async ({ evaluation }) => answered(async () => evaluations.ask(evaluation, { type: "inspect" })),
  });
  tidings.command("evals.input", {
    input: InputInputSchema,
    timeoutMs,
    description: "hands a line of text to an evaluation",
    handler: async ({ evaluation, text, by }) =>
      answered(async () => evaluations.ask(evaluation, { type: "input", text, by })),
  });
  tidings.command("evals.set", {
    input: SetInputSchema,
    timeoutMs,
    description: "sets a live parameter, and answers once the evaluation has taken it",
    handler: async ({ evaluation, name, value, change, by }) =>
      answered(async () => {
        await evaluations.set(evaluation, { name, value, change, by });
        return { name, value, change };
      }),
  });
}

/** What the platform refuses, as the command's own fault: it is its caller's to see. */
async function answered(work: () => Promise<unknown>): Promise<unknown> {
  try {
    return (await work()) ?? null;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const { code, message, status, errors, cause } = error;
    throw new CommandError(code, message, {
      status,
      cause,
      ...(errors === undefined ? {} : { data: { errors } }),
    });
  }
}
