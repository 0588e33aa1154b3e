import { Command, CommanderError } from "commander";
import { version } from "../version.ts";
import { describeError, EXIT, EXIT_HELP, exitCodeOf } from "./exit.ts";
import { coloursFor, surviveBrokenPipes } from "./terminal.ts";

/** Each in a file of its own, which is loaded for who asks for it: all of them take three times as long to start. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => (await import("./serve/command.ts")).serveCommand(),
  publish: async () => (await import("./publish/command.ts")).publishCommand(),
  subscribe: async () => (await import("./subscribe/command.ts")).subscribeCommand(),
  run: async () => (await import("./run/command.ts")).runCommand(),
  channels: async () => (await import("./channels.ts")).channelsCommand(),
  upload: async () => (await import("./artifacts/upload-command.ts")).uploadCommand(),
  download: async () => (await import("./artifacts/download-command.ts")).downloadCommand(),
  command: async () => (await import("./command/command.ts")).commandCommand(),
  presence: async () => (await import("./presence/command.ts")).presenceCommand(),
  key: async () => (await import("./key/command.ts")).keyCommand(),
  token: async () => (await import("./token/command.ts")).tokenCommand(),
  config: async () => (await import("./config/command.ts")).configCommand(),
  check: async () => (await import("./check/command.ts")).checkCommand(),
  advise: async () => (await import("./advise/command.ts")).adviseCommand(),
  lab: async () => (await import("./lab/command.ts")).labCommand(),
};

/** Runs the command line to its end and answers the exit code. Never throws. */
export async function runProgram(argv: readonly string[]): Promise<number> {
  process.exitCode = EXIT.ok;
  surviveBrokenPipes();
  try {
    await (await createProgram(argv[2])).parseAsync(argv);
    return process.exitCode;
  } catch (error) {
    // Commander has printed what there is to say, help or what is wrong with the command line.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    const { red } = coloursFor(process.stderr);
    process.stderr.write(`${red("tidings:")} ${describeError(error)}\n`);
    return exitCodeOf(error);
  }
}

/** @param name what is asked for, if anything */
async function createProgram(name: string | undefined): Promise<Command> {
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
  // Help, and what there is none of, need all their names.
  const asked = name === undefined || !Object.hasOwn(COMMANDS, name) ? Object.keys(COMMANDS) : [name];
  const commands = await Promise.all(asked.map(async (each) => COMMANDS[each]?.()));
  for (const command of commands) if (command !== undefined) program.addCommand(inheriting(command, program));
  return program;
}

/** Commands that were made on their own do not take over the settings of the one above by themselves. */
function inheriting(command: Command, parent: Command): Command {
  command.copyInheritedSettings(parent);
  for (const inner of command.commands) inheriting(inner, command);
  return command;
}
