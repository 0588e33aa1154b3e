import {
  advise,
  type Advice,
  describeNumber,
  type Need,
  NEEDS,
  type Rule,
  RULES,
  SETTINGS,
  USE_CASES,
} from "@tidings/protocol";
import { readDoc, sectionOf, tableOf } from "@tidings/testing/docs";
import { Command } from "commander";
import { describe, expect, test } from "vitest";
import { addNeedOptions, flagFor, givenNeeds, needsOf } from "../../src/cli/advise/flags.ts";
import { writeValue } from "../../src/cli/advise/values.ts";

const document = readDoc("docs/choosing.md");
const NONE = "–";

/** What a row says of an advice: use, fall back on, and better once it is there. */
function cellsOf({ choice, fallback, later }: Advice): readonly string[] {
  return [choice, fallback, later].map((each) => each?.transport ?? NONE);
}

/** The advice for flags as they stand in a row. */
function adviceFor(flags: string): Advice {
  const command = addNeedOptions(new Command()).parse(flags.split(" ").filter(Boolean), { from: "user" });
  return advise(needsOf(undefined, givenNeeds(command.opts())));
}

describe("docs/choosing.md", () => {
  for (const section of ["## What is needed", "## What stands between"]) {
    test.each(tableOf(sectionOf(document, section)))(
      `${section.slice(3)}: %s is answered as the row says`,
      (_, flags = "", ...advised) => {
        expect(advised).toEqual(cellsOf(adviceFor(flags === NONE ? "" : flags)));
      },
    );
  }

  test("has every use case with its advice", () => {
    const rows = USE_CASES.map(({ name, title, needs }) => {
      const advice = advise(needs);
      return [name, title, ...cellsOf(advice), advice.sending?.by ?? NONE];
    });
    expect(tableOf(sectionOf(document, "## Use cases"))).toEqual(rows);
  });

  test("has every rule with what it adds and takes away", () => {
    const rows = RULES.map(({ id, where, effects }) => [id, where, effectsOf(effects)]);
    expect(tableOf(sectionOf(document, "## Rules"))).toEqual(rows);
  });

  test("has every need with its flag, what it may be, and its default", () => {
    const rows = NEEDS.map((need) => [
      need.name,
      flagFor(need.name),
      need.title,
      allowedFor(need),
      writeValue(need, need.default),
    ]);
    expect(tableOf(sectionOf(document, "## Needs"))).toEqual(rows);
  });

  test("has every setting, by the name that the reference has for it", () => {
    const rows = SETTINGS.map(({ where, name, text }) => [where, name, text]);
    expect(tableOf(sectionOf(document, "## Settings"))).toEqual(rows);
    const references = `${readDoc("docs/reference/options.md")}${readDoc("docs/reference/client.md")}`;
    for (const { where, name } of SETTINGS) {
      if (where !== "application") expect(references).toContain(`| \`${name.replace("policies.", "")}\``);
    }
  });
});

function effectsOf(effects: Rule["effects"]): string {
  return effects
    .map(({ on, points }) => {
      const amount = points === null ? "ruled out" : `${points > 0 ? "+" : "−"}${Math.abs(points)}`;
      return `${on.join(", ")}: ${amount}`;
    })
    .join("; ");
}

function allowedFor(need: Need): string {
  if (need.type === "yes-no") return "yes, no";
  if (need.type !== "number") return need.options.map(({ value }) => value).join(", ");
  return `${describeNumber(need.unit, need.min)} to ${describeNumber(need.unit, need.max)}`;
}
