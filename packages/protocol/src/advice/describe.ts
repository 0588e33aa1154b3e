import type { Need } from "./needs.ts";

type Unit = (Need & { readonly type: "number" })["unit"];

/** A number with its unit, as a person would say it: `1 a minute`, `2 s`, `100,000 bytes`. */
export function describeNumber(unit: Unit, value: number): string {
  switch (unit) {
    case "per-second":
      return describeRate(value);
    case "ms":
      if (value < 1_000) return `${value} ms`;
      if (value < 60_000) return `${plain(value / 1_000)} s`;
      return value < 3_600_000 ? `${plain(value / 60_000)} min` : `${plain(value / 3_600_000)} h`;
    case "bytes":
      return `${plain(value)} bytes`;
    case "count":
      return plain(value);
  }
}

function describeRate(perSecond: number): string {
  if (perSecond === 0) return "none";
  if (perSecond >= 1) return `${plain(perSecond)} a second`;
  // 1/60 times 60 is not 1 for every fraction.
  return perSecond * 60 > 0.999 ? `${plain(perSecond * 60)} a minute` : `${plain(perSecond * 3_600)} an hour`;
}

function plain(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: 2 });
}
