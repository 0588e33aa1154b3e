import { DIRECTIONS, ITEMS, type Direction } from "./world.ts";

export type Action =
  | { readonly verb: "go" | "unlock"; readonly direction: Direction }
  | { readonly verb: "take" | "drop" | "put" | "read"; readonly item: string }
  | { readonly verb: "light" | "douse" | "fill" | "look" | "inventory" | "wait" }
  | { readonly verb: "say"; readonly word: string };

const SHORT: Readonly<Record<string, string>> = {
  n: "north",
  s: "south",
  e: "east",
  w: "west",
  u: "up",
  d: "down",
  get: "take",
  grab: "take",
  l: "look",
  i: "inventory",
  z: "wait",
  walk: "go",
  extinguish: "douse",
  refill: "fill",
};
const FILLERS = new Set(["the", "a", "an", "to", "at", "in", "into", "chest", "door", "with"]);
const HELP =
  "go north, take lamp, drop lamp, put crown, unlock north, light lamp, douse lamp, fill lamp, read sign, say hello, " +
  "look, inventory, wait";

/** Not a thing that can be done; its message is the game's answer. */
export class UnknownWordError extends Error {
  override readonly name = "UnknownWordError";
}

/** Reads what a player types. @throws {UnknownWordError} on a word that the game does not know. */
export function parse(text: string): Action {
  const words = text.toLowerCase().match(/[a-z-]+/g) ?? [];
  const [verb, ...rest] = words.map((word) => SHORT[word] ?? word).filter((word) => !FILLERS.has(word));
  const object = rest[0] ?? "";
  if (isDirection(verb)) return { verb: "go", direction: verb };
  switch (verb) {
    case "go":
    case "unlock":
      if (isDirection(object)) return { verb, direction: object };
      throw new UnknownWordError(`${verb} where? One of: ${DIRECTIONS.join(", ")}.`);
    case "take":
    case "drop":
    case "put":
    case "read": {
      // "brass key" is one thing, and so is "key" while there is no doubt which.
      const name = rest.join("-");
      const item = Object.hasOwn(ITEMS, name) ? name : object;
      if (Object.hasOwn(ITEMS, item)) return { verb, item };
      throw new UnknownWordError(item === "" ? `${verb} what?` : `I know no "${item}".`);
    }
    case "light":
    case "douse":
    case "fill":
    case "look":
    case "inventory":
    case "wait":
      return { verb };
    case "say":
      return { verb, word: object };
    default:
      throw new UnknownWordError(`I do not know the word "${verb ?? text.slice(0, 40)}". Try: ${HELP}.`);
  }
}

/** The action as the log has it: one spelling, whatever was typed, so that rules on the log can rely on it. */
export function spell(action: Action): string {
  switch (action.verb) {
    case "go":
    case "unlock":
      return `${action.verb} ${action.direction}`;
    case "take":
    case "drop":
    case "put":
    case "read":
      return `${action.verb} ${action.item}`;
    case "light":
    case "douse":
    case "fill":
      return `${action.verb} lamp`;
    case "say":
      return `say ${action.word}`;
    case "look":
    case "inventory":
    case "wait":
      return action.verb;
  }
}

function isDirection(word: string | undefined): word is Direction {
  return DIRECTIONS.some((direction) => direction === word);
}
