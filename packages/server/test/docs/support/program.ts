import { Command } from "commander";
import { vi } from "vitest";
import { runProgram } from "../../../src/cli/program.ts";

/** The command line as commander has it, without running anything. */
export async function captureProgram(): Promise<Command> {
  const parse = vi.spyOn(Command.prototype, "parseAsync").mockImplementation(async function (this: Command) {
    return this;
  });
  try {
    await runProgram(["node", "tidings"]);
    return parse.mock.contexts[0] as Command;
  } finally {
    parse.mockRestore();
  }
}
