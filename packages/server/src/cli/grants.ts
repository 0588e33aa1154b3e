import { type GrantLists, type Right, RIGHTS } from "@tidings/core";
import { compileCommandPattern, compilePattern, TidingsError } from "@tidings/protocol";
import { type Command, InvalidArgumentError } from "commander";
import { collect } from "./options.ts";

const HELP: Readonly<Record<Right, string>> = {
  subscribe: "channels that may be read, as evals/** (repeatable)",
  publish: "channels that may be published to (repeatable)",
  command: "commands that may be called, as evals.* (repeatable)",
  presence: "channels whose presence may be joined and seen (repeatable)",
  admin: "channels where all may be done, deleting too; '**': the whole server (repeatable)",
};

export type GrantOptions = { readonly [Name in Right]?: readonly string[] };

/** Adds a repeatable option for each right. */
export function addGrantOptions(command: Command): Command {
  for (const right of RIGHTS) {
    const check = right === "command" ? compileCommandPattern : compilePattern;
    command.option(`--${right} <pattern>`, HELP[right], (text: string, before?: readonly string[]) => {
      try {
        check(text);
      } catch (error) {
        if (error instanceof TidingsError) throw new InvalidArgumentError(error.message);
        throw error;
      }
      return collect(text, before);
    });
  }
  return command;
}

/** What the options grant; `undefined` for nothing. */
export function grantsOf(options: GrantOptions): GrantLists | undefined {
  const given = RIGHTS.flatMap((right) => (options[right] === undefined ? [] : [[right, options[right]]]));
  return given.length === 0 ? undefined : (Object.fromEntries(given) as GrantLists);
}

/** `publish: evals/**, subscribe: **`. */
export function describeGrants(lists: GrantLists): string {
  return RIGHTS.flatMap((right) => {
    const patterns = lists[right] ?? [];
    return patterns.length === 0 ? [] : [`${right}: ${patterns.join(" ")}`];
  }).join(", ");
}
