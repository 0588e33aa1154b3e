// The platform as a process: `node server/main.ts --data DIR`. `--json` prints `{"url":…}` once it serves.
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { destination, pino } from "pino";
import { startPlatform } from "./platform.ts";

const EVALUATIONS = fileURLToPath(new URL("../evaluations", import.meta.url));
const USAGE = `usage: npm run example:evals -- [options]
  --port N            default 8090; 0 takes any free one
  --host HOST         of loopback, default 127.0.0.1
  --data DIR          what is kept, default ./evals-data
  --parallel N        evaluations at a time, default 2
  --evaluations DIR   folder of evaluations, instead of those that come with it; may be repeated
  --web DIR           the built pages
  --log-level LEVEL   what the server writes about itself to stderr, default warn
  --json              print the address as a line of JSON
  --help`;

function readOptions() {
  const { values } = parseArgs({
    options: {
      port: { type: "string", default: "8090" },
      host: { type: "string", default: "127.0.0.1" },
      data: { type: "string", default: "./evals-data" },
      parallel: { type: "string", default: "2" },
      evaluations: { type: "string", multiple: true, default: [EVALUATIONS] },
      web: { type: "string" },
      "log-level": { type: "string", default: "warn" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (!/^[0-9]{1,5}$/.test(values.port) || Number(values.port) > 65_535)
    throw new Error(`--port is "${values.port}"; it must be a whole number from 0 to 65,535.`);
  return values;
}

/** Ends with a message for a person, and no stack: what is wrong is theirs to mend. */
function refuse(error: unknown): never {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exit(2);
}

let options: ReturnType<typeof readOptions>;
try {
  options = readOptions();
} catch (error) {
  process.stderr.write(`${USAGE}\n`);
  refuse(error);
}
if (options.help) {
  process.stdout.write(`${USAGE}\n`);
  process.exit(0);
}
const { port, host, data, parallel, evaluations, web, json } = options;
const logger = pino({ level: options["log-level"] }, destination(2));
try {
  const platform = await startPlatform({
    port: Number(port),
    host,
    data,
    parallel: Number(parallel),
    evaluations,
    web,
    logger,
  });
  process.stdout.write(json ? `${JSON.stringify({ url: platform.url })}\n` : `open ${platform.url}\n`);
  let closing: Promise<void> | undefined;
  const close = (): void => {
    closing ??= platform.close().then(() => process.exit(0), refuse);
  };
  process.on("SIGTERM", close);
  process.on("SIGINT", () => {
    // Whoever asks a second time does not want to wait.
    if (closing !== undefined) process.exit(130);
    close();
  });
} catch (error) {
  refuse(error);
}
