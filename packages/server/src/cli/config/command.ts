import { Command } from "commander";
import {
  type Config,
  ConfigError,
  describeSource,
  FIELDS,
  showField,
  shownValue,
  type Source,
  valueAt,
} from "../../config/index.ts";
import { EXIT, EXIT_HELP } from "../exit.ts";
import { coloursFor, print } from "../terminal.ts";
import { addConfigFlags, type ConfigFlags } from "./flags.ts";
import { loadWithFlags } from "./load.ts";

interface ConfigOptions extends ConfigFlags {
  readonly print?: boolean;
  readonly json?: boolean;
}

/** `tidings config`. */
export function configCommand(): Command {
  const command = new Command("config")
    .summary("check the configuration, and print the one in force")
    .description(
      "Checks the configuration as `tidings serve` would, from the file, the environment and the flags given here.\n" +
        "With --print it prints every field, its value, and where that came from.",
    )
    .option("--print", "print the configuration in force")
    .option("--json", 'print it as one JSON object: {"config","sources"}');
  return addConfigFlags(command)
    .addHelpText(
      "after",
      `
Precedence: flags, then the environment, then the file, then the defaults; a list is replaced as a whole.
Times may be written as 500ms, 25s, 10m, 24h or 7d, sizes as 64KiB, 2MiB or 1GiB; plain numbers are ms and bytes.

Environment (an empty variable counts as not set; lists are parted by commas, lists of objects are JSON):
${FIELDS.map(({ name, variable }) => `  ${variable.padEnd(44)} ${name}`).join("\n")}
  ${"TIDINGS_CONFIG".padEnd(44)} the configuration file

Examples:
  $ tidings config --print
  $ TIDINGS_PORT=9000 tidings config --print --json | jq .config.port
${EXIT_HELP}`,
    )
    .action(showConfig);
}

async function showConfig(options: ConfigOptions): Promise<void> {
  const isJson = options.json === true;
  try {
    const { config, sources } = await loadWithFlags(options);
    if (isJson)
      await print(`${JSON.stringify({ config, sources: describeSources(sources) }, showField, 2)}\n`);
    else if (options.print === true) await print(formatConfig(config, sources));
    else await print("The configuration is valid. `tidings config --print` shows it.\n");
  } catch (error) {
    if (!isJson || !(error instanceof ConfigError)) throw error;
    const problems = error.problems.map((problem) => ({
      ...problem,
      source: describeSource(problem.source),
    }));
    await print(`${JSON.stringify({ code: error.code, problems }, null, 2)}\n`);
    process.exitCode = EXIT.usage;
  }
}

function formatConfig(config: Config, sources: ReadonlyMap<string, Source>): string {
  const { dim } = coloursFor(process.stdout);
  const rows = FIELDS.map(({ name }) => {
    const source = sources.get(name) ?? { kind: "default" };
    const value = shownValue(name, valueAt(config, name.split(".")));
    return { name, value: JSON.stringify(value), source };
  });
  const width = (pick: (row: (typeof rows)[number]) => string): number =>
    Math.min(50, Math.max(...rows.map((row) => pick(row).length)));
  const nameWidth = width(({ name }) => name);
  const valueWidth = width(({ value }) => value);
  return rows
    .map(({ name, value, source }) => {
      const line =
        `${name.padEnd(nameWidth)}  ${value.padEnd(valueWidth)}  ${describeSource(source)}`.trimEnd();
      return source.kind === "default" ? dim(line) : line;
    })
    .join("\n")
    .concat("\n");
}

function describeSources(sources: ReadonlyMap<string, Source>): Readonly<Record<string, string>> {
  return Object.fromEntries([...sources].map(([name, source]) => [name, describeSource(source)]));
}
