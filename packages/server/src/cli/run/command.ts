import { Command } from "commander";
import { addServerOptions, channelName, durationMs, serverOf, type ServerOptions } from "../options.ts";
import { EXIT_HELP } from "../exit.ts";
import { runCommandLine } from "./run.ts";

interface RunOptions extends ServerOptions {
  readonly channel: string;
  readonly quiet?: boolean;
  readonly flushTimeout: number;
}

/** `tidings run`. */
export function runCommand(): Command {
  const command = new Command("run")
    .summary("run a command and publish its output, progress and end as they come")
    .description(
      "Runs a command and publishes what it writes, line by line, while passing it on unchanged. The command\n" +
        "never waits for the server: what cannot be delivered is kept, in memory and then in a temporary file, and\n" +
        "delivered once the server is back, in order, no line lost and none twice. Ends as the command ends.",
    )
    .argument("<command...>", "the command and its arguments, after --")
    .requiredOption("-c, --channel <channel>", "where to publish", channelName)
    .option("-q, --quiet", "do not pass the command's output on")
    .option(
      "--flush-timeout <time>",
      "how long to wait at the end for the server to take the rest",
      durationMs,
      60_000,
    )
    .passThroughOptions()
    .addHelpText(
      "after",
      `
Messages:
  start        {"command","args","pid","cwd"}
  stdout       a line of standard output, as text (bytes where it is not UTF-8)
  stderr       a line of standard error
  stdout.part  the beginning of a line longer than 64 KiB; its end is a stdout message (stderr.part likewise)
  progress     {"stream","percent"?,"current"?,"total"?,"text"}: a line with a percentage or N/M, or one that is
               written over by carriage returns; at most ten a second
  exit         {"code","signal","durationMs"}
The command's arguments are published: keep credentials out of them.

The exit code is the command's; 128 + N where signal N ended it, 127 where there is no such command. Where the
command's is 0 and not everything could be delivered: 3 server not reachable, 4 refused by the server.

Examples:
  $ tidings run --channel builds/1 -- make -j4
  $ tidings run --channel evals/7/logs --quiet -- python eval.py --model small
${EXIT_HELP}`,
    )
    .action(async (words: string[], options: RunOptions) => {
      const [program = "", ...args] = words;
      process.exitCode = await runCommandLine({
        command: program,
        args,
        server: serverOf(options),
        channel: options.channel,
        isQuiet: options.quiet === true,
        flushTimeoutMs: options.flushTimeout,
      });
    });
  return addServerOptions(command);
}
