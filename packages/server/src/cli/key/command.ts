import { Command } from "commander";
import { EXIT_HELP } from "../exit.ts";
import { createCommand } from "./create.ts";
import { listCommand } from "./list.ts";
import { revokeCommand } from "./revoke.ts";

/** `tidings key`. */
export function keyCommand(): Command {
  return new Command("key")
    .summary("create, list and revoke API keys")
    .description(
      "API keys are for backends and scripts: a key is a credential with grants, shown once and kept as a hash in a file,\n" +
        "`keys.json` in the data folder. A running server sees a change of the file within a second.",
    )
    .addCommand(createCommand())
    .addCommand(listCommand())
    .addCommand(revokeCommand())
    .addHelpText(
      "after",
      `
Examples:
  $ tidings key create --name ci --publish 'builds/**'
  $ tidings key list
  $ tidings key revoke ci
${EXIT_HELP}`,
    );
}
