import { Command, Option } from "commander";
import type { Server } from "../api.ts";
import { EXIT, EXIT_HELP, Failure } from "../exit.ts";
import { addServerOptions, durationMs, serverOf, type ServerOptions } from "../options.ts";
import { note } from "../terminal.ts";
import { downloadFile } from "./download.ts";

interface DownloadOptions extends ServerOptions {
  readonly output?: string;
  readonly timeout: number;
}

/** `tidings download`. */
export function downloadCommand(): Command {
  const command = new Command("download")
    .summary("fetch a stored file")
    .description(
      "Fetches an artifact into a file and checks its SHA-256. When the connection breaks it goes on where it was; what\n" +
        "there is so far is in FILE.part, which the same command goes on with later.",
    )
    .argument("<artifact>", "its URL, or its id")
    .option("-o, --output <file>", "where to, or - for standard output (default: the artifact's own name)")
    .addOption(
      new Option("--timeout <time>", "how long to try without any headway")
        .default(60_000, "60s")
        .argParser(durationMs),
    )
    .addHelpText(
      "after",
      `
Examples:
  $ tidings download /artifacts/9sJ3kX0b2LqWvT5a -o report.pdf
  $ tidings download 9sJ3kX0b2LqWvT5a -o - | tar -x
${EXIT_HELP}`,
    )
    .action(async (artifact: string, options: DownloadOptions) => {
      const { server, id } = locate(artifact, serverOf(options));
      const name = await downloadFile({ server, id, output: options.output, timeoutMs: options.timeout });
      if (name !== undefined) note(`saved as ${JSON.stringify(name)}`);
    });
  return addServerOptions(command);
}

/** A whole URL says where its server is; the credential is for the one that was named with it, and for no other. */
function locate(artifact: string, server: Server): { readonly server: Server; readonly id: string } {
  const match = /^(?:(https?:\/\/[^/?#]+)?([^?#]*)\/artifacts\/)?([A-Za-z0-9_-]+)$/.exec(artifact);
  const [, origin, base = "", id] = match ?? [];
  if (id === undefined)
    throw new Failure(EXIT.usage, `"${artifact}" is neither an artifact's URL nor its id`);
  if (origin === undefined) return { server, id };
  const isSame = new URL(origin).origin === new URL(server.url).origin;
  return { server: { url: origin + base, token: isSame ? server.token : undefined }, id };
}
