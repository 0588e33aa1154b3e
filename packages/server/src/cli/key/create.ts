import { Command, InvalidArgumentError } from "commander";
import { hashOfKey, newApiKey } from "../../auth/api-key.ts";
import { changeKeyFile } from "../../auth/change-key-file.ts";
import { type KeyRecord, readKeyFile } from "../../auth/key-file.ts";
import { EXIT, EXIT_HELP, Failure } from "../exit.ts";
import { addGrantOptions, describeGrants, type GrantOptions, grantsOf } from "../grants.ts";
import { lifetimeMs } from "../options.ts";
import { note, print } from "../terminal.ts";
import { addKeyFileOptions, keyFileOf, type KeyFileOptions } from "./file.ts";

interface CreateOptions extends KeyFileOptions, GrantOptions {
  readonly name: string;
  readonly expires?: number;
}

/** `tidings key create`. */
export function createCommand(): Command {
  const command = new Command("create")
    .summary("make a key, and show it once")
    .description(
      "Makes a key and prints it, alone, on standard output. It is shown this once: the file has its hash. Several keys may\n" +
        "have the same name, so that one can take over from another.",
    )
    .requiredOption("-n, --name <name>", "what it is for", keyName);
  addGrantOptions(command).option(
    "--expires <time>",
    "until when it holds, as 90d from now (default: until it is revoked)",
    lifetimeMs,
  );
  return addKeyFileOptions(command)
    .addHelpText(
      "after",
      `
Examples:
  $ tidings key create --name ci --publish 'builds/**' --expires 90d
  $ tidings key create --name admin --admin '**' | pass insert -e tidings/admin
  $ TIDINGS_TOKEN=$(tidings key create --name me --admin '**') tidings publish hello world
${EXIT_HELP}`,
    )
    .action(createKey);
}

async function createKey(options: CreateOptions): Promise<void> {
  const grants = grantsOf(options);
  if (grants === undefined)
    throw new Failure(
      EXIT.usage,
      "the key could do nothing; grant it something, such as --publish 'builds/**', or --admin '**' for everything",
    );
  const path = await keyFileOf(options);
  const isFirst = !readKeyFile(path).exists;
  const { id, key } = newApiKey();
  const nowMs = Date.now();
  const record: KeyRecord = {
    id,
    name: options.name,
    hash: hashOfKey(key),
    grants,
    createdAt: new Date(nowMs).toISOString(),
    ...(options.expires === undefined ? {} : { expiresAt: new Date(nowMs + options.expires).toISOString() }),
  };
  await changeKeyFile(path, (keys) => [...keys, record]);
  await print(`${key}\n`);
  const until = record.expiresAt === undefined ? "" : `, until ${record.expiresAt}`;
  note(`key ${id} (${options.name}) is in ${path}, as a hash: ${describeGrants(grants)}${until}`);
  note("it is not shown again; commands take it from TIDINGS_TOKEN, requests as Authorization: Bearer");
  if (isFirst) note("a server that was started before there was this file has to be started anew");
}

function keyName(text: string): string {
  if (/^[\p{L}\p{M}\p{N}\p{P}\p{S} ]{1,255}$/u.test(text) && text.length <= 255) return text;
  throw new InvalidArgumentError("It must be a text of 1 to 255 characters, on one line.");
}
