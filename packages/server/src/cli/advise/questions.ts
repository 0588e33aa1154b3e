import { once } from "node:events";
import { createInterface, type Interface } from "node:readline/promises";
import { applies, completeNeeds, type Need, NEEDS, type Needs, type NeedValue } from "@tidings/protocol";
import { EXIT, Failure } from "../exit.ts";
import { coloursFor } from "../terminal.ts";
import { formsOf, readValue, writeValue } from "./values.ts";

/**
 * Asks for the basic needs on the terminal, by standard error: standard output is for the advice.
 *
 * @throws {Failure} with 130 when Ctrl+C or the end of the input comes first
 */
export async function askForNeeds(): Promise<Needs> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // A question that is asked when the input ends has no answer, and no error either.
  const ended = once(terminal, "close").then(() => {
    throw new Failure(EXIT.interrupted, "the questions were given up");
  });
  try {
    return await Promise.race([ask(terminal), ended]);
  } finally {
    ended.catch(() => undefined);
    terminal.close();
  }
}

async function ask(terminal: Interface): Promise<Needs> {
  const given: Record<string, NeedValue> = {};
  for (const need of NEEDS) {
    if (!need.isBasic || !applies(need.only, completeNeeds(given))) continue;
    given[need.name] = await askFor(terminal, withPossible(need, completeNeeds(given)));
  }
  process.stderr.write("\n");
  return completeNeeds(given);
}

async function askFor(terminal: Interface, need: Need): Promise<NeedValue> {
  const { bold, dim } = coloursFor(process.stderr);
  const options = need.type === "one-of" || need.type === "some-of" ? need.options : [];
  const lines = options.map(({ title }, at) => `  ${at + 1}  ${title}\n`).join("");
  const several = need.type === "some-of" ? dim("  Several are parted by commas.\n") : "";
  process.stderr.write(`\n${bold(need.title)} ${dim(need.hint)}\n${lines}${several}`);
  for (;;) {
    const byDefault = writeValue(need, need.default);
    const answer = (await terminal.question(`[${byDefault}] `)).trim();
    if (answer === "") return need.default as NeedValue;
    // The number of an option stands for it.
    const text =
      options.length === 0 ? answer : answer.replaceAll(/\d+/g, (at) => options[Number(at) - 1]?.value ?? at);
    const value = readValue(need, text);
    if (value !== undefined) return value;
    const numbers = options.length === 0 ? "" : ", or their numbers";
    process.stderr.write(`It must be ${formsOf(need)}${numbers}.\n`);
  }
}

/** Without the options that make no sense beside what was answered before. */
function withPossible(need: Need, needs: Needs): Need {
  if (need.type !== "one-of") return need;
  return { ...need, options: need.options.filter(({ only }) => applies(only, needs)) };
}
