import { advise, type Needs, USE_CASES } from "@tidings/protocol";
import { Command, Option } from "commander";
import { EXIT, EXIT_HELP, Failure } from "../exit.ts";
import { isTerminal, onReaderGone, print } from "../terminal.ts";
import { addNeedOptions, givenNeeds, needsOf } from "./flags.ts";
import { askForNeeds } from "./questions.ts";
import { formatAdvice } from "./report.ts";

interface AdviseFlags {
  readonly useCase?: string;
  readonly json?: boolean;
}

/** `tidings advise`. */
export function adviseCommand(): Command {
  const command = new Command("advise")
    .summary("choose a transport, with the reasons")
    .description(
      "Tells which transport fits what is needed, why, what to fall back on, what to set, and what would change the advice.\n" +
        "With neither flags nor a use case it asks, on a terminal; Enter takes the default. It talks to no server.",
    )
    .addOption(
      new Option("--use-case <name>", "begin with the needs of what others build").choices(
        USE_CASES.map(({ name }) => name),
      ),
    );
  return addNeedOptions(command)
    .option("--json", "one JSON object, with every transport and every reason")
    .addHelpText(
      "after",
      `
Examples:
  $ tidings advise
  $ tidings advise --direction both --rate 20/s --send-rate 3/m --readers 10000
  $ tidings advise --use-case evaluations --proxy buffering
  $ tidings advise --use-case chat --json | jq -r .choice.transport
${EXIT_HELP}`,
    )
    .action(adviseAll);
}

async function adviseAll(flags: AdviseFlags): Promise<void> {
  onReaderGone(() => process.exit(EXIT.ok));
  const advice = advise(await needsFrom(flags));
  await print(flags.json === true ? `${JSON.stringify(advice)}\n` : formatAdvice(advice));
}

async function needsFrom(flags: AdviseFlags): Promise<Needs> {
  const given = givenNeeds(flags);
  if (flags.useCase !== undefined || given.length > 0) return needsOf(flags.useCase, given);
  if (isTerminal(process.stderr) && process.stdin.isTTY) return askForNeeds();
  throw new Failure(
    EXIT.usage,
    "nothing is said of what is needed, and there is no terminal to ask on: give flags, or --use-case (--help tells them)",
  );
}
