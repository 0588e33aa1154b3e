import { Command } from "commander";
import { ask, readJson, type Server } from "./api.ts";
import { EXIT, EXIT_HELP } from "./exit.ts";
import { addServerOptions, serverOf, type ServerOptions } from "./options.ts";
import { type Column, formatTable } from "./table.ts";
import { onReaderGone, print } from "./terminal.ts";

interface ChannelsOptions extends ServerOptions {
  readonly prefix?: string;
  readonly json?: boolean;
}

/** One channel, as `GET /channels` lists it. */
interface ListedChannel {
  readonly channel: string;
  readonly cursor: string;
  readonly earliest: string;
  readonly messages: number;
  readonly bytes: number;
  readonly readers: number;
}

const COLUMNS: readonly Column[] = [
  { name: "CHANNEL" },
  { name: "MESSAGES", isNumber: true },
  { name: "BYTES", isNumber: true },
  { name: "READERS", isNumber: true },
  { name: "CURSOR" },
];

/** `tidings channels`. */
export function channelsCommand(): Command {
  const command = new Command("channels")
    .summary("list the channels")
    .description("Lists the channels that were ever written to, by name.")
    .option("-p, --prefix <prefix>", "only those whose name begins so")
    .option("--json", "one object a line")
    .addHelpText(
      "after",
      `
Examples:
  $ tidings channels --prefix builds/
  $ tidings channels --json | jq -r 'select(.readers > 0) | .channel'
${EXIT_HELP}`,
    )
    .action(listChannels);
  return addServerOptions(command);
}

async function listChannels(options: ChannelsOptions): Promise<void> {
  onReaderGone(() => process.exit(EXIT.ok));
  const listed: ListedChannel[] = [];
  for await (const channel of readChannels(serverOf(options), options.prefix ?? "")) {
    if (options.json === true) await print(`${JSON.stringify(channel)}\n`);
    else listed.push(channel);
  }
  if (options.json !== true) await print(formatChannels(listed));
}

async function* readChannels(server: Server, prefix: string): AsyncGenerator<ListedChannel> {
  let after: string | undefined;
  do {
    const query = new URLSearchParams({ prefix, ...(after === undefined ? {} : { after }), limit: "1000" });
    const response = await ask(server, `/channels?${query.toString()}`);
    const page = await readJson<{ readonly channels: readonly ListedChannel[]; readonly next?: string }>(
      server,
      response,
    );
    yield* page.channels;
    after = page.next;
  } while (after !== undefined);
}

function formatChannels(listed: readonly ListedChannel[]): string {
  return formatTable(
    COLUMNS,
    listed.map(({ channel, messages, bytes, readers, cursor }) => [
      channel,
      messages.toLocaleString("en-US"),
      bytes.toLocaleString("en-US"),
      readers.toLocaleString("en-US"),
      cursor,
    ]),
  );
}
