/** How far a command says it is. */
export interface Progress {
  /** 0–100. */
  readonly percent?: number;
  readonly current?: number;
  readonly total?: number;
  /** The line that says so, without colours. */
  readonly text: string;
}

const PERCENT = /(?<![\d.,])(\d{1,3}(?:[.,]\d{1,4})?)\s?%/;
// Neither a date nor a path: no slash, digit or letter on either side.
const COUNT = /(?<![\w./:-])(\d{1,12})\s?\/\s?(\d{1,12})(?![\w/]|[.,:-]\d)/;

/** What a line says of progress, a percentage or `N/M`; `undefined` where it says nothing. */
export function findProgress(line: string): Progress | undefined {
  // A line of a log may be long, and a progress bar is not.
  const text = withoutColours(line.slice(0, 1_000)).trim();
  const percent = Number(PERCENT.exec(text)?.[1]?.replace(",", ".") ?? Number.NaN);
  const [, current, total] = COUNT.exec(text)?.map(Number) ?? [];
  const hasPercent = percent <= 100;
  const hasCount = current !== undefined && total !== undefined && total > 0 && current <= total;
  if (!hasPercent && !hasCount) return undefined;
  return {
    ...(hasPercent
      ? { percent }
      : { percent: Math.round((1_000 * (current as number)) / (total as number)) / 10 }),
    ...(hasCount ? { current, total } : {}),
    text,
  };
}

/** A line without escape sequences (ECMA-48 §5.4: CSI; and OSC, as terminals take it). */
export function withoutColours(line: string): string {
  // oxlint-disable-next-line no-control-regex -- escape sequences are what is looked for
  return line.replaceAll(/\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\))/g, "");
}
