import { Command, InvalidArgumentError } from "commander";
import { EXIT_HELP } from "../exit.ts";

const DEFAULT_PORT = 8_080;

/** `tidings lab`. */
export function labCommand(): Command {
  return new Command("lab")
    .summary("compare the transports by measurement, and break their paths")
    .description(
      "Starts the transport lab, for this machine only: its page, and beside it a server of its own on a temporary\n" +
        "folder, a fault proxy with a port for each transport, and readers of each. A server of yours is not touched.",
    )
    .option("--port <port>", "of the page; 0 takes any free port", portNumber, DEFAULT_PORT)
    .addHelpText(
      "after",
      `
Commands (POST /commands/{name}; docs/lab.md tells each):
  lab.start {"rate","size","readers","transports"?}    one run at a time; ends by itself after 10 minutes
  lab.fault {"kind","on","transports"?}                cut, buffer, block-websocket, kill
  lab.stop, lab.state

Examples:
  $ tidings lab
  $ tidings command lab.start '{"rate":100,"size":256,"readers":10}'
  $ tidings command lab.fault '{"kind":"block-websocket","on":true}'
  $ tidings subscribe lab/results --json
${EXIT_HELP}`,
    )
    .action(async ({ port }: { readonly port: number }) => {
      // As with serve: the other commands need none of it.
      const { serveLab } = await import("./serve.ts");
      process.exitCode = await serveLab(port);
    });
}

function portNumber(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError("It is a number from 0 to 65535.");
}
