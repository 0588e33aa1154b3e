import {
  completeNeeds,
  type NeedName,
  NEEDS,
  type Needs,
  type NeedValue,
  needsWith,
  TidingsError,
  USE_CASES,
} from "@tidings/protocol";
import { type Command, InvalidArgumentError } from "commander";
import { EXIT, Failure } from "../exit.ts";
import { formsOf, readValue } from "./values.ts";

/** The flag of each need, as commander shows it. */
const FLAGS: Readonly<Record<NeedName, string>> = {
  direction: "--direction <way>",
  receivedPerSecond: "--rate <rate>",
  sentPerSecond: "--send-rate <rate>",
  interactivity: "--interactivity <what>",
  latencyMs: "--latency <time>",
  client: "--client <where>",
  readers: "--readers <count>",
  proxies: "--proxy <what>",
  idleTimeoutMs: "--idle-timeout <time>",
  http: "--http <version>",
  streams: "--streams <count>",
  messageBytes: "--size <size>",
  binary: "--binary [yes]",
  history: "--history [yes]",
  fieldSelection: "--field-selection [yes]",
  media: "--media [yes]",
};

/** Needs as the flags give them, in the order of {@link NEEDS}. */
type GivenNeeds = readonly (readonly [NeedName, NeedValue])[];

/** A need's flag, as the help shows it. */
export function flagFor(name: NeedName): string {
  return FLAGS[name];
}

/** Adds a flag for each need. */
export function addNeedOptions(command: Command): Command {
  for (const need of NEEDS) {
    const { name, type, title } = need;
    const read = (text: string): NeedValue => {
      const value = readValue(need, text);
      if (value === undefined) throw new InvalidArgumentError(`It must be ${formsOf(need)}.`);
      return value;
    };
    const help = `${title} ${formsOf(need)}`;
    if (type === "some-of") {
      const add = (text: string, before: readonly string[] = []): readonly string[] => [
        ...new Set([...before, ...(read(text) as readonly string[])]),
      ];
      command.option(FLAGS[name], `${help} (repeatable)`, add);
    } else command.option(FLAGS[name], help, read);
  }
  return command;
}

/** Of commander's options, those that are needs. */
export function givenNeeds(options: object): GivenNeeds {
  const values = options as Readonly<Record<string, unknown>>;
  return NEEDS.flatMap(({ name }): GivenNeeds => {
    const value = values[attributeOf(name)] as NeedValue | undefined;
    return value === undefined ? [] : [[name, value]];
  });
}

/**
 * The needs of a use case, or the defaults, with what the flags say otherwise.
 *
 * @throws {Failure} for what is impossible beside another need, by its flag
 */
export function needsOf(useCase: string | undefined, given: GivenNeeds): Needs {
  let needs = completeNeeds(USE_CASES.find(({ name }) => name === useCase)?.needs ?? {});
  for (const [name, value] of given) {
    try {
      needs = needsWith(needs, name, value);
    } catch (error) {
      if (!(error instanceof TidingsError)) throw error;
      throw new Failure(EXIT.usage, `${flagOf(name)}: ${error.message}`, error);
    }
  }
  return needs;
}

/** A need's flag, without its argument. */
function flagOf(name: NeedName): string {
  return FLAGS[name].split(" ")[0] as string;
}

/** What commander calls a flag's value. */
function attributeOf(name: NeedName): string {
  return flagOf(name)
    .slice(2)
    .replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
