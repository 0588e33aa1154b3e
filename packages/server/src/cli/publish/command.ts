import { checkEvent, checkIdempotencyKey, checkKey, parseCursor, TidingsError } from "@tidings/protocol";
import { Command, InvalidArgumentError, Option } from "commander";
import { EXIT_HELP } from "../exit.ts";
import { addServerOptions, channelName, durationMs, serverOf, type ServerOptions } from "../options.ts";
import { SAFE_RETRY_MS } from "../delivery/publish.ts";
import { type PublishJob, publishLines, publishOne } from "./publish.ts";

interface PublishOptions extends ServerOptions {
  readonly file?: string;
  readonly event?: string;
  readonly key?: string;
  readonly json?: boolean;
  readonly text?: boolean;
  readonly bytes?: boolean;
  readonly ephemeral?: boolean;
  readonly inline?: boolean;
  readonly preview?: string;
  readonly artifact?: string;
  readonly delete?: boolean;
  readonly idempotencyKey?: string;
  readonly ifMatch?: string;
  readonly timeout: number;
}

/** `tidings publish`. */
export function publishCommand(): Command {
  const command = new Command("publish")
    .summary("publish a message, a file, or standard input line by line")
    .description(
      "Publishes one message, from the argument or a file, or else each line of standard input as it comes. Prints\n" +
        "the cursor of the (last) message. Tries again while the server is away; a lost answer publishes nothing twice.",
    )
    .argument("<channel>", "where to publish", channelName)
    .argument("[data]", "the message; without it and --file, standard input is read")
    .option("-f, --file <path>", "publish a file as one message")
    .option("-e, --event <event>", "the message's event (default: message)", checked(checkEvent))
    .option("-k, --key <key>", "what the message is the newest value of", checked(checkKey))
    .option("--json", "the data is JSON, and so is what is printed: the server's answer, a line each")
    .addOption(
      new Option("--text", "the data is text, also with --json (the default without)").conflicts("bytes"),
    )
    .option("--bytes", "the data is bytes; standard input is one message then")
    .addOption(
      new Option("--ephemeral", "pass it to who listens now, and keep it nowhere").conflicts([
        "idempotencyKey",
        "ifMatch",
      ]),
    )
    .option("--inline", "travel inline up to 1 MiB, rather than be stored above the channel's limit")
    .option("--preview <json>", "what readers see of data that is stored (default: its beginning)")
    .addOption(
      new Option(
        "--artifact <id>",
        "publish an artifact that was uploaded before, alone or with data (small JSON) beside it",
      ).conflicts(["ephemeral", "inline"]),
    )
    .addOption(
      new Option("--delete", "delete the --key of a channel that is compact, without data").conflicts([
        "ephemeral",
        "inline",
        "preview",
        "artifact",
      ]),
    )
    .option(
      "--idempotency-key <key>",
      "publish once however often this is run within 5 minutes; line N of standard input gets KEY.N",
      checked(checkIdempotencyKey),
    )
    .option("--if-match <cursor>", "only if this is the channel's newest message; not for lines", cursor)
    .addOption(
      new Option("--timeout <time>", "how long to try, at most 4m")
        .default(30_000, "30s")
        .argParser(timeoutMs),
    )
    .addHelpText(
      "after",
      `
Data is text unless --json says otherwise: nothing is guessed from how it looks, so that "123" stays what it was.
Text that is not UTF-8 is published as bytes.

Examples:
  $ tidings publish chat/lobby "hello"
  $ tidings publish evals/7/status --json '{"state":"running","step":12}'
  $ tidings publish reports/today --file report.pdf --bytes
  $ tidings publish rooms/state --key kitchen --delete
  $ tail -f app.log | tidings publish logs/app --event line
  $ jq -c '.[]' items.json | tidings publish items --json
${EXIT_HELP}`,
    )
    .action(publish);
  return addServerOptions(command);
}

async function publish(channel: string, data: string | undefined, options: PublishOptions): Promise<void> {
  const job: PublishJob = {
    server: serverOf(options),
    channel,
    event: options.event,
    key: options.key,
    kind: options.bytes === true ? "bytes" : options.json === true && options.text !== true ? "json" : "text",
    isEphemeral: options.ephemeral === true,
    isInline: options.inline === true,
    preview: options.preview,
    artifact: options.artifact,
    isDeletion: options.delete === true,
    idempotencyKey: options.idempotencyKey,
    ifMatch: options.ifMatch,
    timeoutMs: options.timeout,
    printsJson: options.json === true,
  };
  const hasData = options.artifact === undefined && options.delete !== true;
  const readsLines = hasData && data === undefined && options.file === undefined && options.bytes !== true;
  if (readsLines) process.exitCode = await publishLines(job);
  else await publishOne(job, data, options.file);
}

function checked(check: (text: string) => string): (text: string) => string {
  return (text) => {
    try {
      return check(text);
    } catch (error) {
      if (error instanceof TidingsError) throw new InvalidArgumentError(error.message);
      throw error;
    }
  };
}

function cursor(text: string): string {
  // As an ETag too, which is how HEAD answers it.
  const bare = /^"(.*)"$/.exec(text)?.[1] ?? text;
  if (parseCursor(bare) === undefined)
    throw new InvalidArgumentError('It must be a cursor such as "k3x9f2ab.42".');
  return bare;
}

/** Beyond that a server may have forgotten the key under which a try with no answer was published. */
function timeoutMs(text: string): number {
  const ms = durationMs(text);
  if (ms > SAFE_RETRY_MS)
    throw new InvalidArgumentError(
      "It must be at most 4m: the server remembers idempotency keys for 5 minutes.",
    );
  return ms;
}
