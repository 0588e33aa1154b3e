import { type ReadOptions, TidingsError } from "@tidings/client";
import { checkEvent } from "@tidings/protocol";
import { Command, Option } from "commander";
import { EXIT, EXIT_HELP, type Failure } from "../exit.ts";
import {
  addServerOptions,
  channelName,
  collect,
  durationMs,
  serverOf,
  type ServerOptions,
  wholeNumber,
} from "../options.ts";
import { onReaderGone, note, print } from "../terminal.ts";
import { openClient, openCursorFile, type TransportChoice } from "./connection.ts";
import { failureOf } from "./faults.ts";
import { position } from "./position.ts";
import { formatGap, formatMessage, toObject } from "./print.ts";
import { type Item, readAll } from "./read.ts";

const TRANSPORTS: readonly TransportChoice[] = ["auto", "poll", "long-poll", "sse", "ndjson", "ws"];

interface SubscribeOptions extends ServerOptions {
  readonly transport: TransportChoice;
  readonly since?: string;
  readonly last?: number;
  readonly event?: readonly string[];
  readonly json?: boolean;
  readonly count?: number;
  readonly untilCaughtUp?: boolean;
  readonly connectTimeout: number;
  readonly cursorFile?: string;
}

/** `tidings subscribe`. */
export function subscribeCommand(): Command {
  const command = new Command("subscribe")
    .summary("print the messages of channels as they come")
    .description(
      "Prints the messages of channels as they come, and goes on where it was after a lost connection: nothing is\n" +
        "lost and nothing printed twice. What the log no longer holds is told as a gap, on stderr.",
    )
    .argument("<channel...>", "channels; NAME@CURSOR begins after that cursor", channelArgument)
    .addOption(
      new Option("-t, --transport <transport>", "how to read; auto chooses")
        .choices(TRANSPORTS)
        .default("auto"),
    )
    .option(
      "--since <cursor>",
      "begin after this cursor, with earliest or latest, or at a time such as 12:00 (default: latest; its state on a keyed channel)",
      (text) => position(text),
    )
    .addOption(
      new Option("--last <n>", "begin with the newest n messages").argParser(wholeNumber).conflicts("since"),
    )
    .option("-e, --event <event>", "only these events (repeatable)", collect)
    .option("--json", "one message object a line; gaps as objects too")
    .option("-n, --count <n>", "end after n messages", wholeNumber)
    .option("--until-caught-up", "end once everything that is there now was printed")
    .option("--connect-timeout <time>", "how long to try the first connection", durationMs, 10_000)
    .option("--cursor-file <path>", "keep in a file where it is, and go on there when it is started again")
    .addHelpText(
      "after",
      `
Examples:
  $ tidings subscribe builds/1
  $ tidings subscribe builds/1 --since earliest --until-caught-up --json | jq .data
  $ tidings subscribe builds/1 --since 12:00 --until-caught-up
  $ tidings subscribe evals/7/logs evals/7/status --last 20 --transport ws
  $ tidings subscribe builds/1 --event exit --count 1
  $ tidings subscribe chat/orders --since earliest --cursor-file ./orders.cursors --json | ./import
${EXIT_HELP}`,
    )
    .action(subscribe);
  return addServerOptions(command);
}

async function subscribe(channels: readonly ChannelArgument[], options: SubscribeOptions): Promise<void> {
  const starts = new Map(channels.map(([channel, since]) => [channel, startFor(since, options)]));
  const events = options.event?.map(checkEvent);
  const over = new AbortController();
  let exitCode: number = EXIT.ok;
  let failure: Failure | undefined;
  const stop = (code: number) => (): void => {
    exitCode = code;
    over.abort();
  };
  process.once("SIGINT", stop(EXIT.interrupted));
  process.once("SIGTERM", stop(EXIT.terminated));
  onReaderGone(stop(EXIT.ok));

  const server = serverOf(options);
  const cursors = options.cursorFile === undefined ? undefined : await openCursorFile(options.cursorFile);
  let left = options.count ?? Number.POSITIVE_INFINITY;
  if (left === 0) return;
  const behind = new Set(starts.keys());
  const take = async (item: Item): Promise<void> => {
    if (item.type === "caught-up") {
      behind.delete(item.channel);
      if (behind.size === 0 && options.untilCaughtUp === true) over.abort();
      return;
    }
    if (item.type === "gap") note(formatGap(item));
    if (options.json === true) await print(`${JSON.stringify(toObject(item, server))}\n`);
    else if (item.type === "message") await print(formatMessage(item));
    if (item.type === "message" && --left <= 0) over.abort();
  };

  const tidings = openClient({
    server,
    cursors,
    transport: options.transport,
    connectTimeoutMs: options.connectTimeout,
    onFailed: (reason) => {
      failure = reason;
      over.abort();
    },
  });
  try {
    const handles = Array.from(starts, ([channel, start]) => tidings.channel(channel, { ...start, events }));
    await readAll(handles, take, over);
  } catch (error) {
    failure ??= error instanceof TidingsError ? failureOf(error, server) : undefined;
    if (failure === undefined) throw error;
  } finally {
    tidings.close();
  }
  if (failure !== undefined) throw failure;
  process.exitCode = exitCode;
}

/** A channel, and where its argument says to begin in it. */
type ChannelArgument = readonly [channel: string, since: string | undefined];

function channelArgument(text: string, before: readonly ChannelArgument[] = []): readonly ChannelArgument[] {
  const at = text.indexOf("@");
  const channel = channelName(at < 0 ? text : text.slice(0, at));
  return [...before, [channel, at < 0 ? undefined : position(text.slice(at + 1))]];
}

type Start = Pick<ReadOptions, "since" | "last">;

function startFor(since: string | undefined, { last, since: ofAll }: SubscribeOptions): Start {
  return since === undefined && last !== undefined ? { last } : { since: since ?? ofAll };
}
