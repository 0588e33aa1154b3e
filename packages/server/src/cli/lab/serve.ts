import { DEFAULTS } from "../../config/defaults.ts";
import type { TidingsOptions } from "../../create/options.ts";
import { createInnerTidings, type Tidings } from "../../tidings.ts";
import { listenOrSay } from "../serve/listen.ts";
import { createLogger } from "../serve/logger.ts";
import { stopSignal } from "../serve/stop-signal.ts";
import { coloursFor, print } from "../terminal.ts";
import { EXIT } from "../exit.ts";
import { faultInput, startInput } from "./bounds.ts";
import { choosePorts, Lab, type LabPorts } from "./lab.ts";

/** Where the results come. */
const RESULTS = "lab/results";
/** Results of a whole run, so that a page that is opened late has its history. */
const RETENTION = { maxMessages: 1_200, maxBytes: 67_108_864, maxAgeMs: 3_600_000 };
/** Of the lab's own pages. */
const MAX_WATCHERS = 1_000;
/** How long the end of a run may take, in milliseconds: what readers have yet to get is waited for, and the server may have to start. */
const STOP_MS = 60_000;

/** Starts the lab and answers its exit code once it was told to stop and has. */
export async function serveLab(port: number): Promise<number> {
  const stopped = stopSignal();
  const logger = createLogger({ ...DEFAULTS, logLevel: "warn" });
  const ports = await choosePorts();
  const options: TidingsOptions = {
    log: "memory",
    policies: [{ pattern: RESULTS, publish: "server", retention: RETENTION }],
    limits: { maxConnections: MAX_WATCHERS },
    logger,
  };
  const { tidings } = await createInnerTidings(options, { labSources: sourcesOf(ports) });
  const opened = Promise.withResolvers<Lab>();
  // Where nobody has asked yet, it is told below.
  opened.promise.catch(() => undefined);
  // Before it listens: a page that comes back to a lab that begins waits for its answer, and is not told that it is none.
  addCommands(tidings, opened.promise);
  try {
    const { url, port: bound } = await listenOrSay({ host: "127.0.0.1", port }, (host, at) =>
      tidings.listen({ host, port: at }),
    );
    await using lab = await Lab.open({
      ports,
      origins: [`http://127.0.0.1:${bound}`, `http://localhost:${bound}`],
      logger,
      watchers: async () => readersOf(url),
      onResults: (results) => {
        tidings
          // Inline: with many faults and changes they can be more than what travels so by itself.
          .publish(RESULTS, results, { event: "results", inline: true })
          .catch((error: unknown) => logger.warn({ err: error }, "results could not be published"));
      },
    });
    opened.resolve(lab);
    await announce(url);
    await stopped;
  } catch (error) {
    opened.reject(error);
    throw error;
  } finally {
    await tidings.close();
  }
  return EXIT.ok;
}

/** What the page's own clients connect to: the browser's ports, and nothing else. */
function sourcesOf({ browser }: LabPorts): readonly string[] {
  return Object.values(browser).flatMap((port) => [`http://127.0.0.1:${port}`, `ws://127.0.0.1:${port}`]);
}

function addCommands(tidings: Tidings, opening: Promise<Lab>): void {
  const watched = async (): Promise<Lab> => {
    const lab = await opening;
    lab.watched();
    return lab;
  };
  tidings.command("lab.state", {
    description: "How the lab stands, where its paths are, and what it goes up to.",
    handler: async () => (await watched()).state,
  });
  tidings.command("lab.start", {
    description:
      "Starts a run: rate (messages a second), size (bytes), readers (of each transport), transports.",
    input: startInput,
    timeoutMs: STOP_MS,
    handler: async (input) => (await watched()).start(input),
  });
  tidings.command("lab.stop", {
    description: "Lifts all faults, and ends the run once its readers have everything.",
    timeoutMs: STOP_MS,
    handler: async () => (await watched()).stop(),
  });
  tidings.command("lab.fault", {
    description: "Throws (on) or lifts cut, buffer, block-websocket or kill, for some transports or all.",
    input: faultInput,
    timeoutMs: STOP_MS,
    handler: async (input) => (await watched()).fault(input),
  });
}

/** How many read the results, live. */
async function readersOf(url: string): Promise<number> {
  const response = await fetch(`${url}/channels?prefix=${RESULTS}`);
  const { channels } = (await response.json()) as {
    readonly channels: readonly { readonly readers: number }[];
  };
  return channels[0]?.readers ?? 0;
}

async function announce(url: string): Promise<void> {
  const { bold, dim } = coloursFor(process.stdout);
  await print(
    `${bold("The transport lab")} is at ${bold(`${url}/lab`)}\n` +
      `  ${dim("access")}   this machine only, no authentication\n` +
      `  ${dim("log")}      a temporary folder, removed at the end\n` +
      `  ${dim("stop")}     Ctrl+C\n`,
  );
}
