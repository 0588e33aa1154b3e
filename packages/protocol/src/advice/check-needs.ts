import { TidingsError } from "../errors.ts";
import { quote } from "../names.ts";
import { type Need, type NeedName, NEEDS, type Needs, type NeedValue, type Only } from "./needs.ts";

type Known = Partial<Record<NeedName, NeedValue>>;

/**
 * Needs with all that was left out: each that is not given, or is `undefined`, has its default; where it makes no sense
 * it has the value that says so (nothing is sent where messages go from the server to clients).
 *
 * @throws {TidingsError} `NEEDS_INVALID` for a need that is not known, a value that is not allowed, or one that is
 * impossible beside another one; `details.field` names it
 */
export function completeNeeds(given: Partial<Needs>): Needs {
  if (typeof given !== "object" || given === null || Array.isArray(given))
    throw new TidingsError("NEEDS_INVALID", 'needs are not an object; give one such as {"readers": 1000}.');
  const unknown = Object.keys(given).find((name) => !NEEDS.some((need) => need.name === name));
  if (unknown !== undefined)
    throw invalid(
      unknown,
      `${quote(unknown)} is not a need; they are ${NEEDS.map(({ name }) => name).join(", ")}.`,
    );
  const known: Known = {};
  for (const need of NEEDS) known[need.name] = valueOf(need, given[need.name], known);
  return known as Needs;
}

/** These needs with one of them changed; what makes no sense beside it any more, or only now, is as if never given. */
export function needsWith(needs: Needs, name: NeedName, value: NeedValue): Needs {
  const changed: Known = { ...needs, [name]: value };
  for (const need of NEEDS) {
    if (need.name === name) continue;
    const isKept = applies(need.only, changed) === applies(need.only, needs) && allows(need, changed);
    if (!isKept) delete changed[need.name];
  }
  return completeNeeds(changed as Partial<Needs>);
}

/** Whether a need, or a value of one, makes sense beside others. */
export function applies(only: Only | undefined, needs: Pick<Known, Only["need"]>): boolean {
  return only === undefined || only.is.includes(needs[only.need] as string);
}

function valueOf(need: Need, given: unknown, known: Known): NeedValue {
  const { name, only } = need;
  if (!applies(only, known)) {
    const { otherwise, ...beside } = only as NonNullable<Need["only"]>;
    if (given === undefined || given === otherwise) return otherwise;
    throw invalid(name, `${name} says something only where ${conditionOf(beside)}; leave it out.`);
  }
  if (given === undefined) return need.default as NeedValue;
  if (!isAllowed(need, given))
    throw invalid(name, `${name} cannot be ${shown(given)}; it must be ${allowedOf(need)}.`);
  if (!allows(need, { ...known, [name]: given as NeedValue })) {
    const { only: beside } = optionsOf(need).find(({ value }) => value === given) as { readonly only: Only };
    throw invalid(name, `${name} can be ${shown(given)} only where ${conditionOf(beside)}.`);
  }
  return given as NeedValue;
}

function isAllowed(need: Need, value: unknown): boolean {
  switch (need.type) {
    case "one-of":
      return need.options.some((option) => option.value === value);
    case "some-of":
      return (
        Array.isArray(value) &&
        new Set(value).size === value.length &&
        value.every((each) => need.options.some((option) => option.value === each))
      );
    case "yes-no":
      return typeof value === "boolean";
    case "number":
      return (
        typeof value === "number" &&
        value >= need.min &&
        value <= need.max &&
        (need.unit === "per-second" || Number.isInteger(value))
      );
  }
}

/** What a need may be, to complete "it must be …". */
export function allowedOf(need: Need): string {
  switch (need.type) {
    case "one-of":
      return need.options.map(({ value }) => quote(value)).join(" or ");
    case "some-of":
      return `a list of some of ${need.options.map(({ value }) => quote(value)).join(", ")}, each once`;
    case "yes-no":
      return "true or false";
    case "number": {
      const kind = need.unit === "per-second" ? "a number" : "a whole number";
      const unit = { "per-second": " a second", ms: " milliseconds", bytes: " bytes", count: "" }[need.unit];
      return `${kind} from ${need.min.toLocaleString("en-US")} to ${need.max.toLocaleString("en-US")}${unit}`;
    }
  }
}

/** Whether the value that a need has makes sense beside the others. */
function allows(need: Need, needs: Known): boolean {
  const option = optionsOf(need).find(({ value }) => value === needs[need.name]);
  return applies(option?.only, needs);
}

function optionsOf(need: Need): readonly { readonly value: string; readonly only?: Only }[] {
  return need.type === "one-of" ? need.options : [];
}

function conditionOf({ need, is }: Only): string {
  return `${need} is ${is.map((value) => quote(value)).join(" or ")}`;
}

function shown(given: unknown): string {
  if (typeof given === "string") return quote(given);
  return typeof given === "number" || typeof given === "boolean" ? String(given) : "of another type";
}

function invalid(field: string, message: string): TidingsError {
  return new TidingsError("NEEDS_INVALID", message, { field });
}
