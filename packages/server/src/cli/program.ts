import { Command, CommanderError } from "commander";
import { version } from "../version.ts";
import { adviseCommand } from "./advise/command.ts";
import { downloadCommand } from "./artifacts/download-command.ts";
import { uploadCommand } from "./artifacts/upload-command.ts";
import { channelsCommand } from "./channels.ts";
import { checkCommand } from "./check/command.ts";
import { commandCommand } from "./command/command.ts";
import { configCommand } from "./config/command.ts";
import { describeError, EXIT, EXIT_HELP, exitCodeOf } from "./exit.ts";
import { keyCommand } from "./key/command.ts";
import { labCommand } from "./lab/command.ts";
import { presenceCommand } from "./presence/command.ts";
import { publishCommand } from "./publish/command.ts";
import { runCommand } from "./run/command.ts";
import { serveCommand } from "./serve/command.ts";
import { subscribeCommand } from "./subscribe/command.ts";
import { coloursFor, surviveBrokenPipes } from "./terminal.ts";
import { tokenCommand } from "./token/command.ts";

/** Runs the command line to its end and answers the exit code. Never throws. */
export async function runProgram(argv: readonly string[]): Promise<number> {
  process.exitCode = EXIT.ok;
  surviveBrokenPipes();
  try {
    await createProgram().parseAsync(argv);
    return process.exitCode;
  } catch (error) {
    // Commander has printed what there is to say, help or what is wrong with the command line.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    const { red } = coloursFor(process.stderr);
    process.stderr.write(`${red("tidings:")} ${describeError(error)}\n`);
    return exitCodeOf(error);
  }
}

function createProgram(): Command {
  const { bold } = coloursFor(process.stdout);
  const program = new Command("tidings")
    .description(
      "Real-time updates: publish once, and every reader gets every message, in order, over any transport.",
    )
    .version(version, "-V, --version")
    .enablePositionalOptions()
    .showHelpAfterError("(--help tells how)")
    .configureHelp({ styleTitle: (title) => bold(title) })
    .exitOverride()
    .addHelpText(
      "after",
      `
Examples:
  $ tidings serve
  $ tidings run --channel builds/1 -- make
  $ tidings subscribe builds/1
  $ tidings publish chat/lobby "hello"

Environment: TIDINGS_URL and TIDINGS_TOKEN for --server and --token; \`tidings config --help\` for those of the server.
${EXIT_HELP}`,
    );
  const commands = [
    serveCommand(),
    publishCommand(),
    subscribeCommand(),
    runCommand(),
    channelsCommand(),
    uploadCommand(),
    downloadCommand(),
    commandCommand(),
    presenceCommand(),
    keyCommand(),
    tokenCommand(),
    configCommand(),
    checkCommand(),
    adviseCommand(),
    labCommand(),
  ];
  for (const command of commands) program.addCommand(inheriting(command, program));
  return program;
}

/** Commands that were made on their own do not take over the settings of the one above by themselves. */
function inheriting(command: Command, parent: Command): Command {
  command.copyInheritedSettings(parent);
  for (const inner of command.commands) inheriting(inner, command);
  return command;
}
