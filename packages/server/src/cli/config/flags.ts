import { type Command, InvalidArgumentError } from "commander";
import { FIELDS, type FlagValue, LIMIT_NAMES, nearestName, valueOfText } from "../../config/index.ts";
import { collect } from "../options.ts";

/** The flags that set a field of the configuration: the flag's name, its field, and how commander shows it. */
const FLAGS: readonly {
  readonly option: string;
  readonly field: string;
  readonly help: string;
  readonly isList?: true;
}[] = [
  { option: "--host <address>", field: "host", help: "the address to listen on (default: 127.0.0.1)" },
  { option: "--port <port>", field: "port", help: "0 takes any free port (default: 8080)" },
  { option: "--open [yes]", field: "open", help: "serve a network without authentication" },
  {
    option: "--workers <count>",
    field: "workers",
    help: "processes that serve; auto: one for each core (default: 1)",
  },
  { option: "--data <folder>", field: "data", help: "where the log's files are (default: ./data)" },
  {
    option: "--log <log>",
    field: "log",
    help: "lmdb, kept on disk; memory, until the end; redis://… or nats://… (default: lmdb)",
  },
  {
    option: "--node <name>",
    field: "node",
    help: "what this node is called among those of one log (default: machine and process)",
  },
  {
    option: "--allowed-host <name>",
    field: "allowedHosts",
    help: "host name that requests may name (repeatable)",
    isList: true,
  },
  {
    option: "--trusted-proxy <network>",
    field: "trustedProxies",
    help: "address or network of a proxy that says where requests come from (repeatable)",
    isList: true,
  },
  {
    option: "--cors-origin <origin>",
    field: "cors.origins",
    help: "origin whose pages may use the server, or * (repeatable)",
    isList: true,
  },
  {
    option: "--compression <what>",
    field: "compression",
    help: "off, http (SSE, NDJSON) or all, for clients that ask (default: http)",
  },
  {
    option: "--keys <file>",
    field: "auth.keys",
    help: "the file of API keys (default: keys.json in the data folder)",
  },
  {
    option: "--drain <time>",
    field: "drainMs",
    help: "how long to send connections away for at the end (default: 5s)",
  },
  {
    option: "--log-level <level>",
    field: "logLevel",
    help: "trace, debug, info, warn, error, fatal or silent (default: info)",
  },
  {
    option: "--log-format <format>",
    field: "logFormat",
    help: "text, json, or auto: text on a terminal (default: auto)",
  },
];

export interface ConfigFlags {
  readonly config?: string;
  readonly limit?: readonly (readonly [name: string, value: string])[];
  readonly [name: string]: unknown;
}

/** Adds `--config`, the main fields, and `--limit NAME=VALUE` for each of the limits. */
export function addConfigFlags(command: Command): Command {
  command.option("--config <file>", "configuration file (default: tidings.config.{ts,js,mjs,json} here)");
  for (const { option, help, isList } of FLAGS) {
    if (isList === true) command.option(option, help, collect);
    else command.option(option, help);
  }
  return command.option(
    "--limit <name=value>",
    "one of the limits, as maxMessageBytes=2MiB (repeatable)",
    limit,
  );
}

/** What was given on the command line, as the configuration takes it. */
export function flagValues(flags: ConfigFlags): readonly FlagValue[] {
  const values: FlagValue[] = [];
  for (const { option, field } of FLAGS) {
    const flag = option.split(" ")[0] as string;
    const given = flags[flag.slice(2).replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())];
    if (given === undefined) continue;
    const known = FIELDS.find(({ name }) => name === field);
    values.push({
      field,
      flag,
      value: typeof given === "string" && known !== undefined ? valueOfText(known, given) : given,
    });
  }
  for (const [name, value] of flags.limit ?? []) {
    values.push({ field: `limits.${name}`, flag: `--limit ${name}`, value });
  }
  return values;
}

function limit(
  text: string,
  before: readonly (readonly [string, string])[] = [],
): readonly (readonly [string, string])[] {
  const at = text.indexOf("=");
  const name = at < 0 ? text : text.slice(0, at);
  if (!LIMIT_NAMES.includes(name)) {
    const nearest = nearestName(name, LIMIT_NAMES);
    const advice =
      nearest === undefined ? `There are ${LIMIT_NAMES.join(", ")}.` : `Did you mean ${nearest}?`;
    throw new InvalidArgumentError(`${JSON.stringify(name)} is no limit. ${advice}`);
  }
  if (at < 0) throw new InvalidArgumentError(`Write it with its value, as ${name}=…`);
  return [...before, [name, text.slice(at + 1)]];
}
