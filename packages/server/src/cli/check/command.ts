import { Command } from "commander";
import { ConfigError, describeSource } from "../../config/index.ts";
import { addConfigFlags, type ConfigFlags } from "../config/flags.ts";
import { loadWithFlags } from "../config/load.ts";
import { EXIT, EXIT_HELP } from "../exit.ts";
import { coloursFor, print } from "../terminal.ts";
import { checkAccess } from "./access.ts";
import { error, type Finding } from "./finding.ts";
import { checkCertificates, checkKeyFile, checkKeySets } from "./keys.ts";
import { checkMachine } from "./machine.ts";

interface CheckOptions extends ConfigFlags {
  readonly json?: boolean;
}

/** `tidings check`. */
export function checkCommand(): Command {
  const command = new Command("check")
    .summary("look for what is careless, or would not work")
    .description(
      "Reads the configuration as `tidings serve` would, looks at this machine and at the key sets, and reports what is wrong\n" +
        "or careless, why, and what to do. Starts nothing and changes nothing. Run it as the user that the server runs as.",
    )
    .option("--json", 'print one JSON object: {"ok","findings"}');
  return addConfigFlags(command)
    .addHelpText(
      "after",
      `
Ends with 1 where there is an error, an invalid configuration too; with 0 where there are warnings alone.

Examples:
  $ tidings check
  $ tidings check --host 0.0.0.0 --config /etc/tidings/tidings.config.json
  $ tidings check --json | jq -r '.findings[] | select(.level == "error") | .message'
${EXIT_HELP}`,
    )
    .action(check);
}

async function check(options: CheckOptions): Promise<void> {
  const findings = await findAll(options);
  const isOk = !findings.some(({ level }) => level === "error");
  await print(
    options.json === true
      ? `${JSON.stringify({ ok: isOk, findings }, undefined, 2)}\n`
      : formatFindings(findings),
  );
  if (!isOk) process.exitCode = EXIT.failure;
}

async function findAll(flags: ConfigFlags): Promise<Finding[]> {
  try {
    const { config, auth } = await loadWithFlags(flags);
    const nowMs = Date.now();
    const found = [
      ...checkAccess(config, auth, flags),
      ...checkKeyFile(auth, nowMs),
      ...checkCertificates(config, nowMs),
      ...checkMachine(config, auth),
      ...(await checkKeySets(config)),
    ];
    return found.toSorted(
      (one, other) => Number(one.level === "warning") - Number(other.level === "warning"),
    );
  } catch (thrown) {
    if (!(thrown instanceof ConfigError)) throw thrown;
    return thrown.problems.map(({ source, field, message }) =>
      field === ""
        ? error(describeSource(source), message)
        : error(field, `${describeSource(source)}: ${message}`),
    );
  }
}

function formatFindings(findings: readonly Finding[]): string {
  if (findings.length === 0) return "Nothing wrong or careless was found.\n";
  const { bold, red, yellow } = coloursFor(process.stdout);
  const lines = findings.map(({ level, about, message }) => {
    const label = level === "error" ? red("error  ") : yellow("warning");
    return `${label}  ${bold(about)}\n         ${message}\n`;
  });
  const errors = findings.filter(({ level }) => level === "error").length;
  return `${lines.join("")}${counted(errors, "error")}, ${counted(findings.length - errors, "warning")}.\n`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
