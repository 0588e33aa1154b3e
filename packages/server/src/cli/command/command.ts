import { buffer } from "node:stream/consumers";
import { checkCommandName, TidingsError } from "@tidings/protocol";
import { Command, InvalidArgumentError } from "commander";
import { describeError, EXIT, EXIT_HELP, Failure } from "../exit.ts";
import { addServerOptions, durationMs, serverOf, type ServerOptions } from "../options.ts";
import { invoke } from "./invoke.ts";

interface CommandFlags extends ServerOptions {
  readonly timeout?: number;
  readonly idempotencyKey?: string;
  readonly progress?: boolean;
}

/** `tidings command`. */
export function commandCommand(): Command {
  const command = new Command("command")
    .summary("call a command and print its answer")
    .description(
      "Calls a command with JSON as its input and prints its answer, JSON on one line; nothing where it has none.\n" +
        "Parts that come ahead of the answer go to stderr. Ctrl+C gives the command up.",
    )
    .argument("<name>", "the command's name, such as evals.stop", commandName)
    .argument("[data]", "the input, JSON; - reads it from standard input")
    .option("--timeout <time>", "how long to wait for the answer (default: the server's)", durationMs)
    .option("--idempotency-key <key>", "a repeat with this key is answered as the first call was")
    .option("--progress", "print all to stdout, as the lines that the server sends")
    .addHelpText(
      "after",
      `
Examples:
  $ tidings command evals.stop '{"run":123}'
  $ jq -n '{run: 123}' | tidings command evals.stop - --timeout 2m
  $ tidings command report.build --progress | jq -c 'select(.type == "progress")'
${EXIT_HELP}`,
    )
    .action(callCommand);
  return addServerOptions(command);
}

async function callCommand(name: string, data: string | undefined, flags: CommandFlags): Promise<void> {
  const input = data === "-" ? await buffer(process.stdin) : Buffer.from(data ?? "");
  checkJson(input);
  const abort = new AbortController();
  for (const [signal, code] of [
    ["SIGINT", EXIT.interrupted],
    ["SIGTERM", EXIT.terminated],
  ] as const) {
    process.once(signal, () => abort.abort(new Failure(code, "the command was given up")));
  }
  await invoke({
    server: serverOf(flags),
    name,
    input,
    timeoutMs: flags.timeout,
    idempotencyKey: flags.idempotencyKey,
    printsLines: flags.progress === true,
    signal: abort.signal,
  });
}

function checkJson(input: Buffer): void {
  if (input.length === 0) return;
  try {
    JSON.parse(input.toString());
  } catch (error) {
    throw new Failure(EXIT.usage, `the input is not JSON: ${describeError(error)}`);
  }
}

function commandName(text: string): string {
  try {
    return checkCommandName(text);
  } catch (error) {
    if (error instanceof TidingsError) throw new InvalidArgumentError(error.message);
    throw error;
  }
}
