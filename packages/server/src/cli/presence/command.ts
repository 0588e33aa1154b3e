import { Argument, Command } from "commander";
import { EXIT, EXIT_HELP } from "../exit.ts";
import { addServerOptions, channelName, serverOf, type ServerOptions } from "../options.ts";
import { onReaderGone, print, printable } from "../terminal.ts";
import { type Change, changesOf, type ListedMember, readMembers, watchMembers } from "./members.ts";

interface PresenceOptions extends ServerOptions {
  readonly json?: boolean;
  readonly watch?: boolean;
}

/** `tidings presence`. */
export function presenceCommand(): Command {
  const command = new Command("presence")
    .summary("list who is in a channel")
    .description("Lists the members of a channel's presence, by name, with their states; and follows them.")
    .addArgument(new Argument("<channel>", "the channel's name").argParser(channelName))
    .option("--json", "one object a line")
    .option("-w, --watch", "go on with who joins (+), changes (~) and leaves (-)")
    .addHelpText(
      "after",
      `
Examples:
  $ tidings presence chat/lobby
  $ tidings presence chat/lobby --watch --json | jq -r 'select(.change == "joined") | .member'
${EXIT_HELP}`,
    )
    .action(listPresence);
  return addServerOptions(command);
}

async function listPresence(channel: string, options: PresenceOptions): Promise<void> {
  onReaderGone(() => process.exit(EXIT.ok));
  const server = serverOf(options);
  const isJson = options.json === true;
  if (options.watch !== true) {
    const { members } = await readMembers(server, channel);
    for (const member of members.values()) await print(isJson ? `${JSON.stringify(member)}\n` : line(member));
    return;
  }
  let before: ReadonlyMap<string, ListedMember> = new Map();
  for await (const members of watchMembers(server, channel)) {
    for (const change of changesOf(before, members))
      await print(isJson ? `${JSON.stringify(change)}\n` : `${MARKS[change.change]} ${line(change)}`);
    before = members;
  }
}

const MARKS: Readonly<Record<Change["change"], string>> = { joined: "+", updated: "~", left: "-" };

function line({ member, state }: ListedMember): string {
  return printable(state === undefined ? `${member}\n` : `${member}  ${JSON.stringify(state)}\n`, false);
}
