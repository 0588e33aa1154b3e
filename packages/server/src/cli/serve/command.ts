import { Command } from "commander";
import { addConfigFlags, type ConfigFlags } from "../config/flags.ts";
import { loadWithFlags } from "../config/load.ts";
import { EXIT_HELP } from "../exit.ts";
import { refuseCarelessness } from "./refuse.ts";

/** `tidings serve`. */
export function serveCommand(): Command {
  const command = new Command("serve")
    .summary("start the server")
    .description(
      "Starts the server. SIGTERM or Ctrl+C sends the connections away, spread over --drain, closes the log and ends\n" +
        "with 0; a second one ends at once. Every field of the configuration can be set: `tidings config --help`.",
    );
  return addConfigFlags(command)
    .addHelpText(
      "after",
      `
Examples:
  $ tidings serve
  $ tidings serve --port 9000 --data /var/lib/tidings
  $ tidings serve --log memory --port 0 --log-format json
  $ tidings key create --name admin --admin '**'
  $ tidings serve --host 0.0.0.0 --allowed-host live.example --limit maxMessageBytes=2MiB
${EXIT_HELP}`,
    )
    .action(async (flags: ConfigFlags) => {
      const loaded = await loadWithFlags(flags);
      refuseCarelessness(loaded.config, loaded.auth, flags, process.argv.slice(2));
      // Loaded only here: the other commands need neither the server nor its log, and start in half the time.
      const { serve } = await import("./serve.ts");
      process.exitCode = await serve(loaded);
    });
}
