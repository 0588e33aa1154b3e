import { Command, Option } from "commander";
import { EXIT_HELP } from "../exit.ts";
import { addServerOptions, channelName, durationMs, serverOf, type ServerOptions } from "../options.ts";
import { print } from "../terminal.ts";
import { uploadFile } from "./upload.ts";

interface UploadOptions extends ServerOptions {
  readonly type: string;
  readonly name?: string;
  readonly ttl?: number;
  readonly progress?: string;
  readonly json?: boolean;
  readonly timeout: number;
}

/** `tidings upload`. */
export function uploadCommand(): Command {
  const command = new Command("upload")
    .summary("store a file, of any size")
    .description(
      "Stores a file as an artifact, and prints its URL. When the connection breaks it goes on where it was.",
    )
    .argument("<file>", "the file")
    .option("--type <type>", "its media type", "application/octet-stream")
    .option("--name <name>", "the name it is saved under again (default: the file's own)")
    .option(
      "--ttl <time>",
      "how long it is kept where no message names it (default: the server's)",
      durationMs,
    )
    .option("--progress <channel>", "tell this channel how it goes", channelName)
    .option("--json", "print the server's answer")
    .addOption(
      new Option("--timeout <time>", "how long to try without any headway")
        .default(60_000, "60s")
        .argParser(durationMs),
    )
    .addHelpText(
      "after",
      `
Examples:
  $ tidings upload report.pdf --type application/pdf
  $ tidings upload weights.bin --progress uploads/42
${EXIT_HELP}`,
    )
    .action(async (file: string, options: UploadOptions) => {
      const artifact = await uploadFile({
        server: serverOf(options),
        file,
        type: options.type,
        name: options.name,
        ttlMs: options.ttl,
        progress: options.progress,
        timeoutMs: options.timeout,
      });
      await print(options.json === true ? `${JSON.stringify(artifact)}\n` : `${artifact.url}\n`);
    });
  return addServerOptions(command);
}
