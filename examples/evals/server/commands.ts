import { CommandError, type Tidings } from "tidings";
import { COMMANDS } from "../shared/evaluation.ts";
import type { Evaluations } from "./evaluations.ts";
import { Fault } from "./fault.ts";

/** What an evaluation has beyond its own time to answer: for the way, in milliseconds. */
const WAY_MS = 5_000;

/** The debugging session: commands that an evaluation itself answers. */
export function addCommands(tidings: Tidings, evaluations: Evaluations, askMs: number): void {
  const timeoutMs = askMs + WAY_MS;
  for (const type of ["pause", "resume"] as const) {
    tidings.command(`evals.${type}`, {
      ...COMMANDS[`evals.${type}`],
      timeoutMs,
      description: `${type}s an evaluation at its next checkpoint`,
      handler: async ({ evaluation }) => evaluations.ask(evaluation, { type }),
    });
  }
  tidings.command("evals.step", {
    ...COMMANDS["evals.step"],
    timeoutMs,
    description: "passes so many checkpoints of a paused evaluation, and pauses it again",
    handler: async ({ evaluation, count }) => evaluations.ask(evaluation, { type: "step", count }),
  });
  tidings.command("evals.inspect", {
    ...COMMANDS["evals.inspect"],
    timeoutMs,
    description: "tells where an evaluation is, and its state there",
    // The output's schema looks at what the process said.
    handler: async ({ evaluation }) =>
      evaluations.ask(evaluation, { type: "inspect" }) as Promise<{ readonly at: string }>,
  });
  tidings.command("evals.input", {
    ...COMMANDS["evals.input"],
    timeoutMs,
    description: "hands a line of text to an evaluation",
    handler: async ({ evaluation, text, by }) => evaluations.ask(evaluation, { type: "input", text, by }),
  });
  tidings.command("evals.set", {
    ...COMMANDS["evals.set"],
    timeoutMs,
    description: "sets a live parameter, and answers once the evaluation has taken it",
    handler: async ({ evaluation, name, value, change, by }) => {
      await evaluations.set(evaluation, { name, value, change, by });
      return { name, value, change };
    },
  });
}

/** What the platform refuses, as a command's own fault: it is its caller's to see, as a problem of REST is. */
export function toCommandError(error: unknown): CommandError | undefined {
  if (!(error instanceof Fault)) return undefined;
  const { code, message, status, errors, cause } = error;
  return new CommandError(code, message, {
    status,
    cause,
    ...(errors === undefined ? {} : { data: { errors } }),
  });
}
