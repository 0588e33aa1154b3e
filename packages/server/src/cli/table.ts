import { coloursFor } from "./terminal.ts";

export interface Column {
  readonly name: string;
  readonly isNumber?: true;
}

/** Columns as wide as they need be: text to the left, numbers to the right. */
export function formatTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map(({ name }, at) =>
    rows.reduce((width, row) => Math.max(width, row[at]?.length ?? 0), name.length),
  );
  const { bold } = coloursFor(process.stdout);
  const format = (row: readonly string[]): string =>
    row
      .map((cell, at) =>
        columns[at]?.isNumber === true ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0),
      )
      .join("  ")
      .trimEnd();
  return [bold(format(columns.map(({ name }) => name))), ...rows.map(format)].join("\n").concat("\n");
}
