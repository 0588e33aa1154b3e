import { describeNumber, type Need, type NeedValue } from "@tidings/protocol";
import { parseDuration, parseSize, parseWhole } from "../../config/units.ts";

const PER_SECOND: Readonly<Record<string, number>> = { "": 1, s: 1, m: 60, min: 60, h: 3_600, d: 86_400 };

type Unit = (Need & { readonly type: "number" })["unit"];

/** What a text means as the value of a need; `undefined` where it is none. */
export function readValue(need: Need, text: string): NeedValue | undefined {
  switch (need.type) {
    case "one-of":
      return need.options.find(({ value }) => value === text)?.value as NeedValue | undefined;
    case "some-of": {
      const values = text === "none" ? [] : text.split(",").map((each) => each.trim());
      const isKnown = values.every((each) => need.options.some(({ value }) => value === each));
      return isKnown ? ([...new Set(values)] as unknown as NeedValue) : undefined;
    }
    case "yes-no":
      return /^(?:y|yes|true)$/i.test(text) ? true : /^(?:n|no|false)$/i.test(text) ? false : undefined;
    case "number": {
      const value = readNumber(need.unit, text);
      return value !== undefined && value >= need.min && value <= need.max ? value : undefined;
    }
  }
}

/** How a value of a need is written, to complete "it must be …". */
export function formsOf(need: Need): string {
  switch (need.type) {
    case "one-of":
      return need.options.map(({ value }) => value).join(" or ");
    case "some-of":
      return need.options.map(({ value }) => value).join(", ");
    case "yes-no":
      return "yes or no";
    case "number": {
      const example = {
        "per-second": "5/s, 3/m or 10/h",
        ms: "50ms, 30s or 2m",
        bytes: "200 or 2MiB",
        count: "100",
      };
      const [least, most] = [need.min, need.max].map((bound) => describeNumber(need.unit, bound));
      return `such as ${example[need.unit]}, from ${least ?? ""} to ${most ?? ""}`;
    }
  }
}

/** A value as {@link readValue} reads it. */
export function writeValue(need: Need, value: unknown): string {
  switch (need.type) {
    case "one-of":
      return value as string;
    case "some-of":
      return (value as readonly string[]).join(",") || "none";
    case "yes-no":
      return value === true ? "yes" : "no";
    case "number":
      return writeNumber(need.unit, value as number);
  }
}

function writeNumber(unit: Unit, value: number): string {
  if (unit === "per-second") {
    const [per, name] = value >= 1 ? [1, "s"] : value * 60 >= 1 ? [60, "m"] : [3_600, "h"];
    return `${value * per}/${name}`;
  }
  if (unit !== "ms" || value < 1_000) return `${value}${unit === "ms" ? "ms" : ""}`;
  return value < 60_000 ? `${value / 1_000}s` : `${value / 60_000}m`;
}

function readNumber(unit: Unit, text: string): number | undefined {
  switch (unit) {
    case "per-second": {
      const match = /^(\d{1,9}(?:\.\d{1,6})?)(?:\/(s|m|min|h|d))?$/.exec(text);
      return match === null ? undefined : Number(match[1]) / (PER_SECOND[match[2] ?? ""] ?? 1);
    }
    case "ms":
      return parseDuration(text);
    case "bytes":
      return parseSize(text);
    case "count":
      return parseWhole(text);
  }
}
