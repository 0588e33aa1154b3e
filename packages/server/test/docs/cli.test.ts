import type { Command } from "commander";
import { describe, expect, test } from "vitest";
import { EXIT } from "../../src/cli/exit.ts";
import { DEFAULTS } from "../../src/config/defaults.ts";
import { valueAt } from "../../src/config/fields.ts";
import { parseDuration } from "../../src/config/units.ts";
import { flagValues } from "../../src/cli/config/flags.ts";
import { headingsOf, readDoc, sectionOf, tableOf, sorted } from "@tidings/testing/docs";
import { captureProgram } from "./support/program.ts";

const document = readDoc("docs/reference/cli.md");

describe("docs/reference/cli.md", () => {
  test("has the commands that the program has", async () => {
    const program = await captureProgram();
    const documented = headingsOf(document, 2).filter((heading) => heading.startsWith("tidings "));
    expect(sorted(documented)).toEqual(sorted(leavesOf(program).map(({ name }) => `tidings ${name}`)));
  });

  test("has each command's usage and flags, no more and no fewer", async () => {
    const program = await captureProgram();
    for (const { name, command } of leavesOf(program)) {
      const section = sectionOf(document, `## tidings ${name}`);
      expect(section).toContain(`Usage: \`tidings ${name} ${command.usage()}\``);
      const documented = tableOf(section).map(([flags]) => flags);
      expect(sorted(documented), name).toEqual(sorted(command.options.map(({ flags }) => flags)));
    }
  });

  test("has the defaults that hold", async () => {
    const program = await captureProgram();
    for (const { name, command } of leavesOf(program)) {
      const rows = tableOf(sectionOf(document, `## tidings ${name}`));
      const defaults = defaultsOf(command);
      for (const [flags = "", documented = ""] of rows) {
        const held = defaults.get(flags);
        if (held === undefined) continue;
        const value =
          typeof held === "number" && /[a-z]/.test(documented) ? parseDuration(documented) : documented;
        expect(String(value), `${name} ${flags}`).toBe(String(held as string | number));
      }
    }
  });

  test("has the choices that an option takes", async () => {
    const program = await captureProgram();
    for (const { name, command } of leavesOf(program)) {
      const section = sectionOf(document, `## tidings ${name}`);
      for (const { flags, argChoices } of command.options) {
        const [, , meaning] = tableOf(section).find(([each]) => each === flags) ?? [];
        if (argChoices !== undefined)
          expect(meaning).toBe(argChoices.map((choice) => `\`${choice}\``).join(", "));
      }
    }
  });

  test("has the exit codes that the program ends with", () => {
    const documented = tableOf(sectionOf(document, "## Exit codes")).map(([code]) => Number(code));
    expect(sorted(documented)).toEqual(sorted(Object.values(EXIT)));
  });
});

/** The commands that do something, each with the names that lead to it: `key create`. */
function leavesOf(parent: Command, path = ""): { readonly name: string; readonly command: Command }[] {
  return parent.commands.flatMap((command) => {
    const name = `${path}${command.name()}`;
    return command.commands.length === 0 ? [{ name, command }] : leavesOf(command, `${name} `);
  });
}

/** What a flag stands for where it is not given: commander's default, or that of the field it sets. */
function defaultsOf(command: Command): ReadonlyMap<string, unknown> {
  const defaults = new Map<string, unknown>();
  for (const option of command.options) {
    const [set] = option.long === "--limit" ? [] : flagValues({ [option.attributeName()]: "1" });
    const own = option.defaultValue as unknown;
    const field =
      set === undefined || !/^(?:serve|config|check)$/.test(command.name())
        ? undefined
        : valueAt(DEFAULTS, set.field.split("."));
    if (own !== undefined) defaults.set(option.flags, own);
    else if (typeof field === "string" || typeof field === "number") defaults.set(option.flags, field);
  }
  return defaults;
}
