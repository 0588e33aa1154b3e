import { checkEvent, parseCursor } from "@tidings/protocol";
import { Command, InvalidArgumentError, Option } from "commander";
import { EXIT, EXIT_HELP } from "../exit.ts";
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
import { follow } from "./follow.ts";
import { ndjsonSource } from "./ndjson.ts";
import { longPollSource, pollSource } from "./poll.ts";
import { formatGap, formatMessage } from "./print.ts";
import type { Source, Start } from "./source.ts";
import { sseSource } from "./sse.ts";
import { webSocketSource } from "./websocket.ts";

const SOURCES = {
  poll: pollSource,
  "long-poll": longPollSource,
  sse: sseSource,
  ndjson: ndjsonSource,
  ws: webSocketSource,
} as const satisfies Record<string, Source>;

interface SubscribeOptions extends ServerOptions {
  readonly transport: keyof typeof SOURCES;
  readonly since?: string;
  readonly last?: number;
  readonly event?: readonly string[];
  readonly json?: boolean;
  readonly count?: number;
  readonly untilCaughtUp?: boolean;
  readonly connectTimeout: number;
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
      new Option("-t, --transport <transport>", "how to read").choices(Object.keys(SOURCES)).default("sse"),
    )
    .option(
      "--since <cursor>",
      "begin after this cursor, or with the earliest or latest (default: latest; its state on a keyed channel)",
      position,
    )
    .addOption(
      new Option("--last <n>", "begin with the newest n messages").argParser(wholeNumber).conflicts("since"),
    )
    .option("-e, --event <event>", "only these events (repeatable)", collect)
    .option("--json", "one message object a line; gaps as objects too")
    .option("-n, --count <n>", "end after n messages", wholeNumber)
    .option("--until-caught-up", "end once everything that is there now was printed")
    .option("--connect-timeout <time>", "how long to try the first connection", durationMs, 10_000)
    .addHelpText(
      "after",
      `
Examples:
  $ tidings subscribe builds/1
  $ tidings subscribe builds/1 --since earliest --until-caught-up --json | jq .data
  $ tidings subscribe evals/7/logs evals/7/status --last 20 --transport ws
  $ tidings subscribe builds/1 --event exit --count 1
${EXIT_HELP}`,
    )
    .action(subscribe);
  return addServerOptions(command);
}

async function subscribe(channels: readonly ChannelArgument[], options: SubscribeOptions): Promise<void> {
  const starts = new Map(channels.map(([channel, since]) => [channel, startFor(since, options)]));
  const abort = new AbortController();
  let exitCode: number = EXIT.ok;
  const stop = (code: number) => (): void => {
    exitCode = code;
    abort.abort();
  };
  process.once("SIGINT", stop(EXIT.interrupted));
  process.once("SIGTERM", stop(EXIT.terminated));
  onReaderGone(stop(EXIT.ok));

  const server = serverOf(options);
  let left = options.count ?? Number.POSITIVE_INFINITY;
  try {
    const followed = follow({
      server,
      source: SOURCES[options.transport],
      starts,
      events: options.event?.map(checkEvent) ?? [],
      signal: abort.signal,
      connectTimeoutMs: options.connectTimeout,
      onLost: (failure) => note(`${failure.message}; connecting again`),
      onBack: () => note("connected again"),
    });
    if (left === 0) return;
    for await (const item of followed) {
      if (item.type === "caught-up") {
        if (options.untilCaughtUp === true) break;
        continue;
      }
      if (item.type === "gap") note(formatGap(item));
      if (options.json === true) await print(`${JSON.stringify(item)}\n`);
      else if (item.type === "message") await print(formatMessage(item, server));
      if (item.type === "message" && --left <= 0) break;
    }
  } catch (error) {
    if (!abort.signal.aborted) throw error;
  }
  process.exitCode = exitCode;
}

/** A channel, and where its argument says to begin in it. */
type ChannelArgument = readonly [channel: string, since: string | undefined];

function channelArgument(text: string, before: readonly ChannelArgument[] = []): readonly ChannelArgument[] {
  const at = text.indexOf("@");
  const channel = channelName(at < 0 ? text : text.slice(0, at));
  return [...before, [channel, at < 0 ? undefined : position(text.slice(at + 1))]];
}

function startFor(since: string | undefined, options: SubscribeOptions): Start {
  if (since !== undefined) return { since };
  if (options.last !== undefined) return { last: options.last };
  return options.since === undefined ? { at: "default" } : { since: options.since };
}

function position(text: string): string {
  if (text === "earliest" || text === "latest" || parseCursor(text) !== undefined) return text;
  throw new InvalidArgumentError('It must be a cursor such as "k3x9f2ab.42", "earliest" or "latest".');
}
