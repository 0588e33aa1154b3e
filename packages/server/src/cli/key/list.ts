import { Command } from "commander";
import { type KeyRecord, readKeyFile } from "../../auth/key-file.ts";
import { EXIT_HELP } from "../exit.ts";
import { describeGrants } from "../grants.ts";
import { type Column, formatTable } from "../table.ts";
import { note, print, printable } from "../terminal.ts";
import { addKeyFileOptions, keyFileOf, type KeyFileOptions } from "./file.ts";

const COLUMNS: readonly Column[] = ["ID", "NAME", "CREATED", "EXPIRES", "GRANTS"].map((name) => ({ name }));

interface ListOptions extends KeyFileOptions {
  readonly json?: boolean;
}

/** `tidings key list`. */
export function listCommand(): Command {
  const command = new Command("list")
    .summary("list the keys")
    .description(
      "Lists the keys of the file, by the time they were made, with what they grant; not the keys themselves.",
    )
    .option("--json", "one object a line");
  return addKeyFileOptions(command)
    .addHelpText(
      "after",
      `
Examples:
  $ tidings key list
  $ tidings key list --json | jq -r 'select(.expired) | .id'
${EXIT_HELP}`,
    )
    .action(listKeys);
}

async function listKeys(options: ListOptions): Promise<void> {
  const path = await keyFileOf(options);
  const { exists, keys } = readKeyFile(path);
  const nowMs = Date.now();
  if (options.json === true) {
    for (const { hash: _, ...shown } of keys)
      await print(`${JSON.stringify({ ...shown, expired: isExpired(shown, nowMs) })}\n`);
    return;
  }
  if (!exists) note(`there is no file ${path}; \`tidings key create\` makes it`);
  await print(
    formatTable(
      COLUMNS,
      keys.map((key) => [
        key.id,
        printable(key.name, false),
        key.createdAt.slice(0, 10),
        `${key.expiresAt?.slice(0, 10) ?? "never"}${isExpired(key, nowMs) ? " (expired)" : ""}`,
        describeGrants(key.grants),
      ]),
    ),
  );
}

function isExpired({ expiresAt }: Pick<KeyRecord, "expiresAt">, nowMs: number): boolean {
  return expiresAt !== undefined && Date.parse(expiresAt) <= nowMs;
}
