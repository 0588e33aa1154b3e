import { Command } from "commander";
import { changeKeyFile } from "../../auth/change-key-file.ts";
import { type KeyRecord, readKeyFile } from "../../auth/key-file.ts";
import { EXIT, EXIT_HELP, Failure } from "../exit.ts";
import { note } from "../terminal.ts";
import { addKeyFileOptions, keyFileOf, type KeyFileOptions } from "./file.ts";

/** `tidings key revoke`. */
export function revokeCommand(): Command {
  const command = new Command("revoke")
    .summary("take a key back")
    .description(
      "Takes a key out of the file. A running server refuses it within a second, and ends the connections that came with it.",
    )
    .argument("<key>", "its id, or its name where one key alone has it");
  return addKeyFileOptions(command)
    .addHelpText(
      "after",
      `
Examples:
  $ tidings key revoke ci
  $ tidings key revoke J3zqP0aXw9Lm
${EXIT_HELP}`,
    )
    .action(revokeKey);
}

async function revokeKey(idOrName: string, options: KeyFileOptions): Promise<void> {
  const path = await keyFileOf(options);
  // Ahead of the change: where there is nothing to revoke, no file and no folder are to be made.
  let { id, name } = findKey(readKeyFile(path).keys, idOrName, path);
  await changeKeyFile(path, (keys) => {
    ({ id, name } = findKey(keys, idOrName, path));
    return keys.filter((key) => key.id !== id);
  });
  note(`key ${id} (${name}) is revoked`);
}

function findKey(keys: readonly KeyRecord[], idOrName: string, path: string): KeyRecord {
  const byId = keys.find(({ id }) => id === idOrName);
  if (byId !== undefined) return byId;
  const [only, ...others] = keys.filter(({ name }) => name === idOrName);
  if (only === undefined)
    throw new Failure(
      EXIT.failure,
      `no key of ${path} has this id or name; \`tidings key list\` shows those there are`,
    );
  if (others.length === 0) return only;
  const ids = [only, ...others].map(({ id, createdAt }) => `${id} (of ${createdAt.slice(0, 10)})`);
  throw new Failure(EXIT.failure, `several keys have this name; revoke one by its id: ${ids.join(", ")}`);
}
